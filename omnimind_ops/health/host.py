"""Host row of the report: pressure (PSI), the disk with the state directory, containers that publish OmniMind's ports.

Reads a few small files and runs no command.
"""

from __future__ import annotations

import os
from pathlib import Path

from omnimind_ops.model.health import Host

DISK_FULL = 95.0
"""Percent of disk use from which the system is degraded: the stores will soon refuse writes."""
DISK_WARNS = 85.0
NO_ROOM = 99.5
"""Percent of disk use from which nothing that writes can start."""


def read(state: Path, ports: frozenset[int], proc: Path = Path("/proc")) -> Host:
    """Return the row; values that the kernel does not report are None."""
    folder = next((folder for folder in (state, *state.parents) if folder.exists()), Path("/"))
    disk = os.statvfs(folder)
    usable = (
        disk.f_blocks - disk.f_bfree + disk.f_bavail
    )  # blocks reserved for root count as neither used nor free, as in df
    return Host(
        cpu_some=pressure("cpu", "some", proc),
        memory_full=pressure("memory", "full", proc),
        io_full=pressure("io", "full", proc),
        disk=str(folder),
        disk_used=round(100 * (1 - disk.f_bavail / usable), 1) if usable else 0.0,
        disk_total=disk.f_blocks * disk.f_frsize,
        containers=containers(ports, proc),
    )


def pressure(kind: str, who: str, proc: Path = Path("/proc")) -> float | None:
    """Return the share of the last 10 s, in percent, in which `some` or `full` (all) tasks waited for cpu, memory or
    io.
    """
    for line in _read(proc / "pressure" / kind).splitlines():
        name, *fields = line.split()
        if name == who:
            return float(dict(field.split("=") for field in fields)["avg10"])
    return None


def containers(ports: frozenset[int], proc: Path = Path("/proc")) -> tuple[str, ...]:
    """Return "port 6379 by docker-proxy 123" for each of `ports` that Docker publishes; none when its userland proxy is
    off.

    A proxy in another network namespace (Docker inside a container) does not conflict.
    """
    publishers = []
    for entry in os.scandir(proc):
        if entry.name.isdigit() and _read(proc / entry.name / "comm") == "docker-proxy":
            argv = _read(proc / entry.name / "cmdline").split("\0")
            port = argv[argv.index("-host-port") + 1] if "-host-port" in argv[:-1] else ""
            if port.isdigit() and int(port) in ports and not _is_elsewhere(proc / entry.name, proc):
                publishers.append(f"port {port} by docker-proxy {entry.name}")
    return tuple(dict.fromkeys(publishers))


def _is_elsewhere(process: Path, proc: Path) -> bool:
    """Return whether the process is known to be in another network namespace.

    Each namespace has its own /proc/net files. Any user may stat these, unlike ns/net.
    """
    try:
        return not os.path.samefile(process / "net/tcp", proc / "self/net/tcp")  # noqa: PTH121
    except OSError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
