"""The single executable file does what the modules do, on a machine without Python."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from omnimind_ops.model.problem import Problem
from tests.qdrant_standin import build
from tests.qdrant_standin.conftest import StartServer
from tests.qdrant_standin.contents import fill, seen
from tests.qdrant_standin.server import Server


def said(executable: Path, *arguments: str) -> str:
    """What it prints, with nothing of this Python in its environment."""
    done = subprocess.run((str(executable), *arguments), env={}, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def test_its_version_reads_like_the_real_ones(executable: Path) -> None:
    assert re.match(r"qdrant \d+\.\d+\.\d+ \(stand-in over qdrant-edge \d", said(executable, "--version"))


def test_it_helps(executable: Path) -> None:
    assert "--config-path" in said(executable, "--help")


def test_it_refuses_unknown_words(executable: Path) -> None:
    done = subprocess.run((str(executable), "--what"), capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "--what" in done.stderr) == (2, True)


def test_it_serves_ends_when_told_and_keeps_everything(executable: Path, start_server: StartServer) -> None:
    server = start_server(words=(str(executable),))
    client = server.client()
    fill(client)
    client.create_snapshot("machines")
    before = seen(client)
    assert server.stop() == 0
    server.start()
    assert seen(client) == before
    client.close()


def test_it_is_configured_by_a_file(executable: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "home")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"service: {{host: 127.0.0.1, http_port: {server.port}}}\nstorage: {{storage_path: {server.storage}}}\n"
    )
    (tmp_path / "home").mkdir()
    server.words = (str(executable), "--config-path", str(config))
    server.env = {"QDRANT__SERVICE__API_KEY": ""}
    server.start()
    assert (server.storage / "raft_state.json").exists()
    server.stop()


def test_a_storage_moves_between_the_file_and_the_modules(executable: Path, start_server: StartServer) -> None:
    packed = start_server(words=(str(executable),))
    client = packed.client()
    fill(client)
    before = seen(client)
    client.close()
    packed.stop()
    client = start_server(packed.home).client()
    assert seen(client) == before
    client.close()


def test_it_dies_with_its_launcher_and_leaves_nothing_behind(executable: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    server = Server(tmp_path / "home", words=(str(executable),), env={"TMPDIR": str(temporary)})
    server.start().stop(signal.SIGKILL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            server.start()  # refused for as long as the old one holds the storage
            break
        except AssertionError:
            continue
    while len(list(temporary.glob("_MEI*"))) > 1 and time.monotonic() < end:
        threading.Event().wait(0.02)
    assert len(list(temporary.glob("_MEI*"))) == 1
    assert server.stop() == 0
    assert not list(temporary.iterdir())


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="a new PID namespace needs root and unshare"
)
def test_it_is_a_well_behaved_pid_1(executable: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "home", words=("unshare", "--pid", "--fork", "--mount-proc", str(executable)))
    server.start()
    assert server.process is not None
    (pid,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    os.kill(int(pid), signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url)
    server.kill()


def test_a_python_without_a_shared_library_is_named_as_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build.sysconfig, "get_config_var", lambda name: 0)
    with pytest.raises(Problem, match="shared library"):
        build.build(tmp_path / "qdrant")
