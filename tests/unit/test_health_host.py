"""Containers that publish our ports: those of this machine's network count, those of a Docker inside a container do
not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnimind_ops.health import host

PORT = 6379
HERE, ELSEWHERE, UNKNOWN = 7, 8, 9


def test_a_docker_proxy_of_another_network_is_in_nobodys_way(tmp_path: Path) -> None:
    """One whose network cannot be told counts."""
    for pid in (HERE, ELSEWHERE, UNKNOWN):
        _proxy(tmp_path / str(pid))
    for name in ("self", str(HERE), str(ELSEWHERE)):
        (tmp_path / name / "net").mkdir(parents=True)
    (tmp_path / "self/net/tcp").write_text("")
    (tmp_path / f"{HERE}/net/tcp").hardlink_to(tmp_path / "self/net/tcp")
    (tmp_path / f"{ELSEWHERE}/net/tcp").write_text("")
    assert set(host.containers(frozenset({PORT}), tmp_path)) == {
        f"port {PORT} by docker-proxy {HERE}",
        f"port {PORT} by docker-proxy {UNKNOWN}",
    }


@pytest.mark.skipif(not shutil.which("unshare"), reason="a network namespace needs unshare (util-linux)")
def test_an_ordinary_user_can_tell_too(tmp_path: Path) -> None:
    """Whose docker-proxy it is, root's, does not matter."""
    program = tmp_path / "docker-proxy"
    program.write_text("#!/bin/sh\nexec 1>&-\nread -r line\n")
    program.chmod(0o755)
    command = (str(program), "-host-port", str(PORT))
    with _running(command) as here, _running(("unshare", "--net", "--map-root-user", *command)) as elsewhere, _nobody():
        result = host.containers(frozenset({PORT}))
    assert f"port {PORT} by docker-proxy {here}" in result
    assert f"port {PORT} by docker-proxy {elsewhere}" not in result


def _proxy(process: Path) -> None:
    process.mkdir()
    (process / "comm").write_text("docker-proxy\n")
    (process / "cmdline").write_text(f"docker-proxy\0-proto\0tcp\0-host-port\0{PORT}\0")


@contextmanager
def _running(words: tuple[str, ...]) -> Iterator[int]:
    """Yield the pid once the program itself runs: then it closes its end of the pipe."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdout.read()
        assert process.poll() is None
        yield process.pid
        process.stdin.close()


@contextmanager
def _nobody() -> Iterator[None]:
    """Be somebody whom root's processes hide their namespaces from."""
    if was_root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
