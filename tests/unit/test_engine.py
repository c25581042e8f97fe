"""Other engines are refused by their marks, Docker with a data folder of its own is not."""

from __future__ import annotations

import pytest

from omnimind_ops.observe.engine import refusal, refuse_other_engines


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"DockerRootDir": "/var/lib/docker", "SecurityOptions": ["name=seccomp,profile=builtin"]}, ""),
        ({"DockerRootDir": "/srv/docker", "SecurityOptions": None}, ""),
        ({}, ""),
        ({"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, "Docker from snap"),
        ({"DockerRootDir": "/home/ana/.local/share/docker", "SecurityOptions": ["name=rootless"]}, "rootless"),
        ({"host": {"arch": "amd64"}, "store": {"graphRoot": "/var/lib/containers"}, "version": {}}, "Podman"),
    ],
)
def test_engines_are_known_by_their_marks(info: dict[str, object], name: str) -> None:
    reason = refusal(info)
    assert name in reason[0] if reason else not name


def test_an_engine_that_says_nothing_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    refuse_other_engines()
