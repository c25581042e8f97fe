"""A container engine of a test's own: it may be stopped, killed and restarted without harm to anybody else.

Its containers have no network. Images are made of this host's own programs.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from omnimind_ops.steps import container_states

IMAGE = "own"
FOREVER = ("/bin/sleep", "100000")
"""Deaf to SIGTERM: the first process of a container gets no signal that it does not handle."""
POLITE = ("/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


@dataclass
class Engine:
    """dockerd with its own folders, its own socket, and its own containerd, which outlives it as on a host."""

    root: Path
    process: subprocess.Popen[bytes] | None = field(default=None)
    containerd: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def socket(self) -> str:
        return f"unix://{self.root}/s"

    @property
    def pid_file(self) -> Path:
        return self.root / "pid"

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.containerd is None:
            folders = ("--root", f"{self.root}/containerd", "--state", f"{self.root}/c")
            self.containerd = self._popen(
                ("containerd", "--config", "/dev/null", *folders, "--address", f"{self.root}/c.sock")
            )
        until = time.monotonic() + 60
        while not (self.root / "c.sock").exists():
            assert time.monotonic() < until, "containerd does not start"
            time.sleep(0.1)
        command = ("--host", self.socket, "--data-root", f"{self.root}/data", "--exec-root", f"{self.root}/exec")
        network = ("--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs")
        own = ("--pidfile", str(self.pid_file), "--containerd", f"{self.root}/c.sock")
        self.process = self._popen(
            ("unshare", "--net", "dockerd", *command, *own, *network)
        )  # `--bridge none` deletes the host's docker0
        while subprocess.run(("docker", "version"), capture_output=True, check=False).returncode:
            assert self.process.poll() is None and time.monotonic() < until, (self.root / "log").read_text()[-3000:]
            time.sleep(0.1)

    def _popen(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        with (self.root / "log").open("ab") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        assert self.containerd
        self.containerd.terminate()
        self.containerd.wait(60)

    def stop(self) -> None:
        """Stop it as systemd does."""
        assert self.process
        self.process.terminate()
        self.process.wait(60)

    def kill(self) -> None:
        """Kill it, as a lack of memory does; containers run on until it is started again."""
        assert self.process
        self.process.kill()
        self.process.wait(60)
        self.pid_file.unlink(missing_ok=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def run(self, name: str, *command: str, options: tuple[str, ...] = ()) -> str:
        """Start a container; return its ID."""
        return call("run", "--detach", "--network", "none", "--name", name, *options, IMAGE, *command)


def call(*arguments: str) -> str:
    done = subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def inspected(name: str, form: str) -> str:
    return call("inspect", "--format", form, name)


def running(name: str) -> bool:
    return inspected(name, "{{.State.Running}}") == "true"


def policy(name: str) -> str:
    return inspected(name, "{{.HostConfig.RestartPolicy.Name}}")


@contextmanager
def own_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Start an engine for the block; `docker` of this process and its children talks to it."""
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("needs root and dockerd")
    root = Path(tempfile.mkdtemp(prefix="omnimind-engine-"))
    engine = Engine(root)
    monkeypatch.setenv("DOCKER_HOST", engine.socket)
    monkeypatch.setattr(container_states, "PID_FILES", (engine.pid_file,))
    try:
        engine.start()
        import_programs(IMAGE)
        yield engine
    finally:
        with suppress(AssertionError):
            if engine.process and engine.process.poll() is not None:
                engine.start()
            if ids := call("ps", "-aq").split():
                call("rm", "-f", "-v", *ids)
        engine.close()
        subprocess.run(("umount", root / "data"), capture_output=True, check=False)  # dockerd mounts it on itself
        shutil.rmtree(root, ignore_errors=True)


def import_programs(image: str, *programs: str) -> None:
    """Make an image of a shell, sleep and these programs, each with its libraries."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(_archive(programs))
        file.flush()
        call("import", file.name, image)


def _archive(programs: tuple[str, ...]) -> bytes:
    files = {"/bin/sh", "/bin/sleep", *programs}
    for program in tuple(files):
        listed = subprocess.run(("ldd", program), capture_output=True, text=True, check=False).stdout
        files.update(re.findall(r"(?:=> )?(/\S+) \(0x", listed))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in ("tmp", "data", "dev", "proc", "sys", "etc"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(info)
        for file in sorted(files):
            tar.add(os.path.realpath(file), file.lstrip("/"))
    return buffer.getvalue()
