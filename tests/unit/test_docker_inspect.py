"""`docker inspect` as Containers: captured from real engines, Compose 1.29 and 2.26."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.facts import Container, Publish
from omnimind_ops.tools import docker

FIXTURES = Path(__file__).parents[1] / "fixtures"
OLD, NEW = "inspect-compose-1.29.json", "inspect-compose-2.26.json"


def captured(name: str) -> dict[str, Container]:
    """The containers of a fixture by service, or by name where Compose did not make them."""
    found = docker.parse_inspect((FIXTURES / name).read_text())
    return {c.name if c.oneoff or not c.service else c.service: c for c in found}


def made(**parts: Any) -> Container:
    """A container from a few lines of inspect's JSON."""
    return docker.parse_inspect(json.dumps([{"Id": "a" * 64, "Name": "/x", **parts}]))[0]


@pytest.mark.parametrize("name", [OLD, NEW])
def test_project_folder_and_file_are_absolute_for_both_composes(name: str) -> None:
    backend = captured(name)["backend"]
    assert (backend.project, backend.working_dir) == ("omnimind", "/home/ana/omnimind")
    assert backend.config_files == ("/home/ana/omnimind/docker-compose.yml",)


def test_depends_on_comes_from_the_label_that_only_compose_2_writes() -> None:
    assert captured(NEW)["backend"].depends_on == ("qdrant", "redis")
    assert captured(NEW)["redis"].depends_on == ()
    assert captured(OLD)["backend"].depends_on == ()


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_container_of_compose_run_is_told_apart(name: str) -> None:
    assert [c.state for c in captured(name).values() if c.oneoff] == ["exited"]


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_volume_without_a_name_is_anonymous(name: str) -> None:
    (data,) = captured(name)["redis"].mounts
    assert (data.kind, data.target, data.anonymous, len(data.name)) == ("volume", "/data", True, 64)
    (named,) = captured(name)["web"].mounts
    assert (named.name, named.anonymous) == ("elsewhere_keep", False)
    (bind,) = captured(name)["qdrant"].mounts
    assert (bind.kind, bind.source, bind.name) == ("bind", "/home/ana/omnimind/data/qdrant", "")


@pytest.mark.parametrize("name", [OLD, NEW])
def test_only_bound_ports_are_published(name: str) -> None:
    assert captured(name)["qdrant"].ports == (Publish("0.0.0.0", 6333, 6333),)
    assert captured(name)["local"].ports == (Publish("127.0.0.1", 18082, 80), Publish("0.0.0.0", 18083, 53, "udp"))
    assert captured(name)["hostnet"].ports == ()


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_gpu_request_and_a_policy_with_a_count_are_read(name: str) -> None:
    asked = captured(name)["gpu"]
    assert (asked.gpu, asked.restart_policy, asked.running) == (True, "on-failure:3", False)
    assert captured(name)["backend"].restart_policy == "unless-stopped"
    assert captured(name)["local"].restart_policy == "no"
    assert not captured(name)["backend"].gpu


@pytest.mark.parametrize("name", [OLD, NEW])
def test_networks_and_address(name: str) -> None:
    assert captured(name)["backend"].networks == ("omnimind_default",)
    assert captured(name)["backend"].ip
    assert (captured(name)["hostnet"].network_mode, captured(name)["hostnet"].ip) == ("host", "")


def test_the_environment_is_read_but_never_shown() -> None:
    backend = captured(NEW)["backend"]
    assert backend.env["OMNIMIND_DASHBOARD_PASS"] == "s3cret-of-ana#1"
    assert "s3cret-of-ana" not in repr(backend)


def test_a_stopped_container_has_the_ports_it_was_made_with() -> None:
    bound = {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "81/tcp": [{"HostIp": "", "HostPort": ""}]}
    stopped = made(HostConfig={"PortBindings": bound}, NetworkSettings={"Ports": {}})
    assert stopped.ports == (Publish("", 8080, 80),)


@pytest.mark.parametrize(
    "host",
    [
        {"Runtime": "nvidia"},
        {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"], "Capabilities": None}]},
        {"DeviceRequests": [{"Driver": "nvidia", "Capabilities": [["compute", "utility"]]}]},
        {"Devices": [{"PathOnHost": "/dev/nvidia0"}]},
    ],
)
def test_every_way_to_ask_for_a_gpu_counts(host: dict[str, Any]) -> None:
    assert made(HostConfig=host).gpu


def test_a_tmpfs_is_no_data_and_nothing_is_no_error() -> None:
    assert made(Mounts=[{"Type": "tmpfs", "Source": "", "Destination": "/tmp"}]).mounts == ()
    assert docker.parse_inspect("[]") == docker.parse_inspect("") == ()
    assert made().restart_policy == "no"
