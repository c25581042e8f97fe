"""The engine itself is asked: real containers, made and removed here."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import docker, ports
from omnimind_ops.tools import shell

LABEL = "com.docker.compose"


def call(*words: str, feed: bytes | None = None) -> str:
    return subprocess.run(("docker", *words), input=feed, check=True, capture_output=True).stdout.decode().strip()


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """A name nobody else has, with an empty image of that name; all containers whose names begin so are removed."""
    version, why = docker.version()
    if not version:
        pytest.skip(f"no Docker engine answers: {why}")
    unique = f"omnimind-observe-{uuid.uuid4().hex[:10]}"
    call("import", "-", unique, feed=bytes(10240))
    try:
        yield unique
    finally:
        ids = call("ps", "-aq", "--filter", f"name={unique}").split()
        if ids:
            call("rm", "-f", "-v", *ids)
        call("rmi", unique)


@pytest.fixture
def project(name: str, tmp_path: Path) -> str:
    """A project as Compose 1.29 would label it: the file's name is relative."""
    (tmp_path / "docker-compose.yml").write_text(
        "services: {redis: {image: 'redis:alpine', depends_on: [qdrant]}, qdrant: {image: qdrant/qdrant}}"
    )
    for service in ("redis", "qdrant"):
        labels = {
            "project": name,
            "service": service,
            "project.working_dir": str(tmp_path),
            "project.config_files": "docker-compose.yml",
        }
        words = [word for key, value in labels.items() for word in ("--label", f"{LABEL}.{key}={value}")]
        call(
            "create",
            "--name",
            f"{name}-{service}-{uuid.uuid4().hex[:6]}",
            "--env",
            "REDIS_PASSWORD=hunter2",
            "-v",
            "/data",
            *words,
            name,
            "redis-server",
        )
    return name


def test_a_project_is_told_by_the_engine_wherever_we_stand(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    found = docker.pick_project(docker.projects(), project, None)
    assert found.working_dir == str(tmp_path)
    assert found.config_files == (str(tmp_path / "docker-compose.yml"),)
    by_service = {c.service: c for c in found.containers}
    assert by_service["redis"].depends_on == ("qdrant",)
    assert by_service["redis"].state == "created"
    assert by_service["redis"].mounts[0].anonymous
    assert docker.container_now(by_service["redis"].id).env["REDIS_PASSWORD"] == "hunter2"
    assert docker.redis_password(by_service["redis"].id) == ""  # the environment alone sets none


def test_a_container_that_goes_meanwhile_is_no_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shell.run

    def run(words: tuple[str, ...], **options: float) -> object:
        done = real(words, **options)  # type: ignore[arg-type]
        return done.__class__(done.argv, done.code, done.out + "f" * 64 + "\n", done.err) if "ps" in words else done

    call("create", "--name", f"{name}-lone", name, "x")
    monkeypatch.setattr(docker, "run", run)
    assert f"{name}-lone" in [c.name for c in docker.containers()]


def test_the_port_of_a_running_container_is_held_by_its_proxy(name: str) -> None:
    system = [
        word
        for folder in ("/usr", "/lib", "/lib64", "/bin")
        if Path(folder).exists()
        for word in ("-v", f"{folder}:{folder}:ro")
    ]
    call("run", "-d", "--name", f"{name}-up", "-p", "127.0.0.1::80", *system, name, "/bin/sleep", "60")
    mine = next(c for c in docker.containers() if c.name == f"{name}-up")
    held = [h for h in ports.holders(docker.containers()) if h.port == mine.ports[0].host_port]
    assert [(h.program, h.container, h.address) for h in held] == [("docker-proxy", f"{name}-up", "127.0.0.1")]


def test_a_container_on_the_host_s_network_has_the_ports_on_which_it_listens(name: str) -> None:
    folders = [folder for folder in ("/usr", "/lib", "/lib64", "/bin", "/etc") if Path(folder).exists()]
    mounts = [word for folder in folders for word in ("-v", f"{folder}:{folder}:ro")]
    listen = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print('up', flush=True); time.sleep(60)"
    words = ("--network", "host", *mounts, name, "/usr/bin/python3", "-c", listen)
    call("run", "-d", "--name", f"{name}-host", *words)
    while "up" not in call("logs", f"{name}-host"):
        assert call("inspect", "--format", "{{.State.Running}}", f"{name}-host") == "true"
    mine = next(c for c in docker.containers() if c.name == f"{name}-host")
    (port,) = mine.ports
    assert port.host_ip == "127.0.0.1" and port.host_port == port.container_port
    assert docker.container_now(mine.id).ports == mine.ports
    assert [holder.container for holder in ports.holders(docker.containers()) if holder.port == port.host_port] == [
        mine.name
    ]


def test_why_no_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    version, why = docker.version()
    assert version == ""
    assert why
    with pytest.raises(Problem, match="cannot run docker"):
        docker.containers()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert docker.version() == ("", "docker is not installed")


def test_a_volume_that_binds_a_folder_is_that_folder(name: str, tmp_path: Path) -> None:
    options = {"type": "none", "o": "bind", "device": str(tmp_path)}
    call("volume", "create", *(word for key, value in options.items() for word in ("--opt", f"{key}={value}")), name)
    tmpfs = f"{name}-tmpfs"
    call("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", tmpfs)
    try:
        call("create", "--name", f"{name}-bound", "-v", f"{name}:/data", "-v", f"{tmpfs}:/memory", name, "x")
        data, memory = next(c for c in docker.containers() if c.name == f"{name}-bound").mounts
        assert (data.source, data.mounted_by_docker, data.name) == (str(tmp_path), "", name)
        assert memory.mounted_by_docker == "tmpfs tmpfs"
    finally:
        call("rm", f"{name}-bound")
        call("volume", "rm", name, tmpfs)
