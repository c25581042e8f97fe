"""Programs that are connected to a server in a container, read from the kernel's tables of connections.

Only those that are connected at this moment are found: a job that connects once an hour is not.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import text
from omnimind_ops.observe.ports import FORWARDERS, socket_owners

ESTABLISHED = "01"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Link:
    """A connection as one side sees it."""

    port: int  # of this side
    remote: Address
    remote_port: int
    inode: str


def outside_clients(
    container: Container, ports: Sequence[int], everyone: Sequence[Container], proc: Path = Path("/proc")
) -> tuple[str, ...]:
    """Return who is connected to these ports of a container and does not belong to its project; empty without root.

    For example "the container shop-api-1", "python3 (pid 4711)".
    """
    addresses = {link.remote for link in _links(proc / str(container.pid)) if link.port in ports}
    by_address = {other.ip: other for other in everyone if other.ip and other.running}
    strangers: list[str] = []
    for address in sorted(map(str, addresses)):
        other = by_address.get(address)
        if other is None:  # the network's gateway, for whoever uses the published port
            strangers += _programs(container, ports, proc) or [f"a program outside Docker, seen as {address}"]
        elif not other.project or other.project != container.project:
            strangers.append(f"the container {other.name}")
    return tuple(dict.fromkeys(strangers))


def _programs(container: Container, ports: Sequence[int], proc: Path) -> list[str]:
    """Return the programs of this host that are connected to the container or to its published ports."""
    published = {publish.host_port for publish in container.ports if publish.container_port in ports}
    inodes = {
        link.inode
        for link in _links(proc / "self", loopback=True)
        if (str(link.remote) == container.ip and link.remote_port in ports) or link.remote_port in published
    }
    pids = sorted(set(socket_owners(inodes, proc).values()) - {os.getpid()})
    names = {pid: text.read(proc / str(pid) / "comm").strip() for pid in pids}
    return [f"{name} (pid {pid})" for pid, name in names.items() if name not in FORWARDERS]


def _links(process: Path, *, loopback: bool = False) -> Iterator[Link]:
    """Yield the connections in a process' network; those to its loopback only on request."""
    for name in ("tcp", "tcp6"):
        try:
            rows = [line.split() for line in (process / "net" / name).read_text(encoding="ascii").splitlines()[1:]]
        except OSError:
            continue
        for row in rows:
            remote, port = _address(row[2])
            if row[3] == ESTABLISHED and (loopback or not remote.is_loopback):
                yield Link(_address(row[1])[1], remote, port, row[9])


def _address(field: str) -> tuple[Address, int]:
    """Parse "0100007F:18EB": the address consists of 32-bit words, each in the machine's byte order."""
    digits, _, port = field.partition(":")
    groups = (int(digits[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(digits), 8))
    address = ipaddress.ip_address(b"".join(groups))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address, int(port, 16)
