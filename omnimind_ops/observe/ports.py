"""Holders of TCP ports: the kernel's tables, joined with processes, units and containers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from omnimind_ops.model.facts import Container, Holder
from omnimind_ops.observe import text
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.listening import Listener, listeners
from omnimind_ops.tools.shell import run

FORWARDERS = ("docker-proxy", "dockerd")  # dockerd itself holds the port when userland-proxy is off


def holders(containers: Sequence[Container] = (), proc: Path = Path("/proc")) -> tuple[Holder, ...]:
    """Return the holders by port; it takes a few milliseconds.

    Without root, other users' sockets have pid 0 and no program. `containers` gives names to the ports of docker-proxy.
    """
    listening = listeners(proc)
    owners = socket_owners({listener.inode for listener in listening}, proc)
    sockets = _socket_units() if 1 in owners.values() and proc == Path("/proc") else {}
    unique = {
        _holder(listener, owners.get(listener.inode, 0), containers, sockets, proc): None for listener in listening
    }
    return tuple(sorted(unique, key=lambda holder: (holder.port, holder.address)))


def socket_owners(inodes: set[str], proc: Path) -> dict[str, int]:
    """Return by inode the lowest PID that has each socket open; PID 1 only if it is the only one.

    A parent comes before its forked workers.
    """
    owners: dict[str, int] = {}
    pids = (int(name) for name in os.listdir(proc) if name.isdigit())  # noqa: PTH208 - a hot loop, here and below
    for pid in sorted(pids, key=lambda pid: (pid == 1, pid)):
        for inode in inodes.intersection(_sockets(proc / str(pid) / "fd")):
            owners.setdefault(inode, pid)
    return owners


def _sockets(folder: Path) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            targets = [_target(entry.path) for entry in entries]
    except OSError:
        return ()
    return [target[8:-1] for target in targets if target.startswith("socket:[")]


def _target(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return ""


def _holder(
    listener: Listener, pid: int, containers: Sequence[Container], sockets: dict[int, str], proc: Path
) -> Holder:
    program, cgroup = (text.read(proc / str(pid) / "comm"), text.read(proc / str(pid) / "cgroup")) if pid else ("", "")
    if pid == 1 and listener.port in sockets:
        return Holder(listener.port, listener.address, pid, program, unit=sockets[listener.port])
    return Holder(
        listener.port,
        listener.address,
        pid,
        program,
        _container(listener, program, cgroup, containers),
        systemctl.unit_of(cgroup),
    )


def _container(listener: Listener, program: str, cgroup: str, containers: Sequence[Container]) -> str:
    """Return the container that publishes the port, or the one (on the host's network) that the process runs in."""
    if program in FORWARDERS or not program:
        is_any = listener.address in ("0.0.0.0", "::")  # noqa: S104
        addresses = {"0.0.0.0", "::", ""} if is_any else {listener.address, ""}  # noqa: S104
        for container in containers:
            for publish in container.ports if container.running else ():
                if publish.protocol == "tcp" and publish.host_port == listener.port and publish.host_ip in addresses:
                    return container.name
    inside = systemctl.containers_of(cgroup)
    return next((container.name for container in containers if container.id in inside), "")


def _socket_units() -> dict[int, str]:
    """Return the socket unit of each port that systemd listens on."""
    return systemctl.parse_sockets(run(systemctl.show_sockets(), timeout=10, check=False).out)
