"""Facts of the host: one call, read-only."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from omnimind_ops.model.facts import Container, Interpreter, Machine
from omnimind_ops.observe import docker, text
from omnimind_ops.observe.disks import disks
from omnimind_ops.observe.gpu import gpu
from omnimind_ops.observe.interpreters import interpreters
from omnimind_ops.observe.ports import holders
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run


def machine(paths: Iterable[str], *, containers: Sequence[Container] | None = None, python: str = "") -> Machine:
    """Return the host's facts; `paths` are the places that will be written to, `python` the requested interpreter.

    `containers` avoids a second query of the engine when the caller has them already.
    """
    version, why = docker.version()
    all_containers = (docker.containers() if version else ()) if containers is None else tuple(containers)
    release = os_release()
    pythons = interpreters(python)
    return Machine(
        hostname=socket.gethostname(),
        os_id=release.get("ID", ""),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", ""),
        kernel=platform.release(),
        systemd=systemd_version(),
        root=os.geteuid() == 0,
        sudo=os.geteuid() == 0 or run(("sudo", "-n", "true"), timeout=10, check=False).ok,
        user=os.environ.get("SUDO_USER") or _user(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cpus=len(os.sched_getaffinity(0)),
        locale=locale(os.environ),
        python=_best(pythons),
        gpu=gpu(),
        disks=disks(paths),
        holders=holders(all_containers),
        docker=version,
        docker_reason=why,
        interpreters=pythons,
        gpu_containers=tuple(container.name for container in all_containers if container.gpu and container.running),
        glibc=glibc(),
        arch=platform.machine(),
    )


def glibc() -> tuple[int, int]:
    """Return the version of the C library, (0, 0) when it is not glibc."""
    try:
        match = re.fullmatch(r"glibc (\d+)\.(\d+).*", os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (ValueError, OSError):
        return 0, 0
    return (int(match[1]), int(match[2])) if match else (0, 0)


def find_python(requested: str = "") -> str:
    """Return the interpreter for the venv, "" when none is suitable."""
    return _best(interpreters(requested))


def _best(candidates: Sequence[Interpreter]) -> str:
    return next((candidate.path for candidate in candidates if not candidate.trouble), "")


def os_release(root: Path = Path("/")) -> dict[str, str]:
    """Return /etc/os-release (or its original under /usr/lib) as a mapping."""
    for file in ("etc/os-release", "usr/lib/os-release"):
        lines = text.read(root / file).splitlines()
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        if lines:
            return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
    return {}


def systemd_version(running: Path = Path("/run/systemd/system")) -> int:
    """Return systemd's version, 0 when it is not PID 1 (sd_booted(3))."""
    return systemctl.parse_version(run(systemctl.version(), timeout=10, check=False).out) if running.is_dir() else 0


def locale(environment: Mapping[str, str], root: Path = Path("/")) -> str:
    """Return the locale of programs started here: the environment's, else the host's default, else "C"."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if environment.get(name):
            return environment[name]
    for file in ("etc/locale.conf", "etc/default/locale"):
        for line in text.read(root / file).splitlines():
            if line.startswith("LANG="):
                return line.partition("=")[2].strip().strip("\"'") or "C"
    return "C"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a uid without a name
        return str(os.getuid())
