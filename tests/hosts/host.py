"""A disposable host: boot it, run commands in it, restart it, throw it away.

It is a container of the outer engine with systemd as PID 1 and its own dockerd. Its /var/lib/docker is a volume,
because overlay does not nest. Measured flags and reasons: README.md beside this file.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from . import capabilities, certificates
from .image import LABEL, ensure_image
from .outside import OutsideError, call, docker
from .recipe import Recipe
from .removal import remove, remove_beside
from .words import Mount, create_words, exec_words

BOOT_SECONDS = 90.0
POLL_SECONDS = 0.1
JOURNAL_LINES = 60
LINE_LENGTH = 300
BOOTED = "systemctl is-system-running 2>/dev/null | grep -qxE 'running|degraded'"
DOCKER_ANSWERS = "docker version >/dev/null 2>&1"


class HostError(AssertionError):
    """Something inside a test host went wrong; the message carries what it said and the end of its journal."""


@dataclass
class Host:
    """A running test host. Use as a context manager, or call `stop`."""

    name: str
    recipe: Recipe
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def boot(
        cls,
        recipe: Recipe | None = None,
        mounts: Sequence[Mount] = (),
        *,
        name: str | None = None,
        timeout: float = BOOT_SECONDS,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Boot a host and return it when systemd is up and the inner Docker answers (seconds, once the image is built).

        `name` must be unique; by default it is. `timeout` in seconds is for the boot, not for building the image.
        `environment` is what every command finds that is run in the host.
        """
        recipe = recipe or Recipe()
        image = ensure_image(recipe)
        host = cls(
            name or f"omnimind-testhost-{uuid.uuid4().hex[:10]}",
            recipe,
            {**certificates.environment(), **(environment or {})},
        )
        try:
            docker("volume", "create", "--label", f"{LABEL}=volume", host.volume)
            capabilities.create(create_words(host.name, host.volume, image, mounts, host.environment))
            certificates.install(host.name)
            docker("start", host.name)
            host.wait_until_up(timeout)
        except BaseException:
            host.stop()
            raise
        return host

    @property
    def volume(self) -> str:
        """The outer volume that holds the host's /var/lib/docker."""
        return f"{self.name}-docker"

    @property
    def address(self) -> str:
        """The host's IPv4 address, as the outer machine reaches it (sshd listens there)."""
        return docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.name)

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout: float = 120,
        input: str | bytes | None = None,
        user: str = "root",
        cwd: str = "/root",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the host. On failure with `check`, or past `timeout` seconds, raise `HostError` with output
        and journal.

        The command is killed inside the host as well when its time is over.
        """
        words = exec_words(self.name, argv, user=user, cwd=cwd, env=env, limit=timeout, interactive=input is not None)
        data = input.encode() if isinstance(input, str) else input
        try:
            # Without input the container's side of stdin is not attached, so an empty one here hurts nobody.
            done = subprocess.run(words, input=data or b"", capture_output=True, timeout=timeout + 20, check=False)
        except subprocess.TimeoutExpired as error:
            raise HostError(
                f"cannot finish {list(argv)} in {self.name} within {timeout:.0f} s\n{self.journal()}"
            ) from error
        result = subprocess.CompletedProcess(
            list(argv), done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )
        if check and result.returncode:
            raise HostError(self._story(result))
        return result

    def sh(
        self, script: str, *, check: bool = True, timeout: float = 120, user: str = "root", cwd: str = "/root"
    ) -> str:
        """Run a bash script in the host and return its stdout, stripped."""
        return self.run(
            ("bash", "-euo", "pipefail", "-c", script), check=check, timeout=timeout, user=user, cwd=cwd
        ).stdout.strip()

    def popen(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        cwd: str = "/root",
        env: Mapping[str, str] | None = None,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
        tty: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a command in the host and return the `docker exec` client that stands for it.

        Killing the client does not kill the command inside: close its stdin, or `run` a kill.
        """
        words = exec_words(self.name, argv, user=user, cwd=cwd, env=env, interactive=True, tty=tty)
        return subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=stderr)

    def write(self, path: str, text: str | bytes, mode: int = 0o644, owner: str = "root") -> None:
        """Write one file, its folder made where missing; `owner` is `user` or `user:group`."""
        data = text.encode() if isinstance(text, str) else text
        script = 'mkdir -p "$(dirname "$1")" && rm -f "$1" && install -m "$2" /dev/stdin "$1" && chown "$3" "$1"'
        self.run(("sh", "-c", script, "sh", path, f"{mode:o}", owner), input=data)

    def read(self, path: str) -> str:
        """The text of one file of the host."""
        return self.run(("cat", path)).stdout

    def exists(self, path: str) -> bool:
        """Whether the host has this path (a dangling link counts)."""
        return self.run(("sh", "-c", '[ -e "$1" ] || [ -L "$1" ]', "sh", path), check=False).returncode == 0

    def copy_in(self, source: Path, target: str, owner: str | None = None) -> None:
        """Copy a file or folder of the outer machine to exactly `target`."""
        self.run(("mkdir", "-p", str(Path(target).parent)))
        docker("cp", f"{source}/." if source.is_dir() else str(source), f"{self.name}:{target}", timeout=300)
        self.run(("chown", "-R", owner or "root:root", target))

    def copy_out(self, source: str, target: Path) -> Path:
        """Copy a file or folder of the host to the outer machine."""
        docker("cp", f"{self.name}:{source}", str(target), timeout=300)
        return target

    def reboot(self, timeout: float = BOOT_SECONDS) -> None:
        """An orderly reboot: systemd stops everything, PID 1 starts anew, /run is empty. Returns when the host is up
        again.

        The kernel's boot id stays what it was: it is the outer machine's kernel.
        """
        docker("restart", "-t", "90", self.name, timeout=120)
        self.wait_until_up(timeout)

    def crash(self, timeout: float = BOOT_SECONDS) -> None:
        """A power cut: everything in the host is killed at once, then it boots. Returns when it is up again."""
        docker("kill", self.name)
        docker("start", self.name)
        self.wait_until_up(timeout)

    def wait_until_up(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until systemd has finished booting and the inner Docker, where there is one, answers."""
        ready = f"{BOOTED} && {DOCKER_ANSWERS}" if self.recipe.docker else BOOTED
        self.wait_for(("sh", "-c", ready), timeout, "systemd and Docker")

    def wait_for(self, argv: Sequence[str], timeout: float, what: str) -> None:
        """Poll a command of the host until it exits 0; `HostError` with the journal when `timeout` seconds are over."""
        deadline = time.monotonic() + timeout
        while True:
            last = self.run(argv, check=False, timeout=max(5.0, timeout))
            if last.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise HostError(f"{what} not up in {self.name} after {timeout:.0f} s\n{self._story(last)}")
            time.sleep(POLL_SECONDS)

    def journal(self, lines: int = JOURNAL_LINES) -> str:
        """The end of the host's journal, or why there is none."""
        words = exec_words(self.name, ("journalctl", "--no-pager", "-n", str(lines)), limit=15)
        try:
            return "\n".join(line[:LINE_LENGTH] for line in call(words, timeout=30).splitlines())
        except OutsideError as error:
            return f"(no journal: {error})\n{_logs(self.name)}"

    def stop(self) -> None:
        """Remove the host and everything in it, its volume included. Stopping twice does no harm."""
        remove(self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove_beside(self.name)

    def _story(self, done: subprocess.CompletedProcess[str]) -> str:
        said = f"stdout:\n{done.stdout[-4000:]}\nstderr:\n{done.stderr[-4000:]}"
        return f"{list(done.args)} in {self.name}: exit {done.returncode}\n{said}\njournal:\n{self.journal()}"


def _logs(name: str) -> str:
    try:
        return docker("logs", "--tail", "30", name)
    except OutsideError as error:
        return str(error)
