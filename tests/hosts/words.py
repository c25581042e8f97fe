"""The words that create a host and run commands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import capabilities
from .image import LABEL


@dataclass(frozen=True)
class Mount:
    """A path of the outer machine inside the host, read-only unless told otherwise."""

    outside: Path
    inside: str
    writable: bool = False

    @property
    def words(self) -> tuple[str, str]:
        return ("-v", f"{self.outside.resolve()}:{self.inside}:{'rw' if self.writable else 'ro'}")


def create_words(
    name: str, volume: str, image: str, mounts: Sequence[Mount], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """The words after `docker` that create (not start) a host."""
    return (
        "create", "--name", name, "--hostname", name, "--label", f"{LABEL}=host", "--stop-signal", "SIGRTMIN+3",
        *capabilities.words(), "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
        "--tmpfs", "/run:exec,mode=755", "--tmpfs", "/run/lock", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cgroupns=host",
        "-v", f"{volume}:/var/lib/docker", *(f"--env={key}={value}" for key, value in environment.items()),
        *(word for mount in mounts for word in mount.words), image,
    )  # fmt: skip


def exec_words(
    name: str,
    argv: Sequence[str],
    *,
    user: str = "root",
    cwd: str = "/root",
    env: Mapping[str, str] | None = None,
    limit: float | None = None,
    interactive: bool = False,
    tty: bool = False,
) -> tuple[str, ...]:
    """The words that run a command in a host, killed there after `limit` seconds."""
    home = "/root" if user == "root" else f"/home/{user}"
    variables = {"HOME": home, "USER": user, "LOGNAME": user, **(env or {})}
    arguments = ["docker", "exec", "--user", user, "--workdir", cwd]
    arguments += [f"--env={key}={value}" for key, value in variables.items()]
    arguments += ["-i"] * interactive + ["-t"] * tty + [name]
    arguments += ["timeout", "--kill-after=5", f"{limit:.1f}"] if limit is not None else []
    return (*arguments, *argv)
