"""Ports of an embedded system: which are free, who holds the taken ones, and which others can replace them."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from omnimind_ops.model.facts import Holder
from omnimind_ops.model.problem import Problem

HIGHEST = 65535


def taken(ports: Iterable[int]) -> tuple[int, ...]:
    """Return the ports that are not available on 127.0.0.1."""
    return tuple(port for port in ports if not _free(port))


def others(wanted: Iterable[int], known: Iterable[int]) -> dict[int, int]:
    """Return, for each wanted port, the next higher free port outside `known`."""
    results: dict[int, int] = {}
    for port in wanted:
        used = {*known, *results.values()}
        results[port] = next(index for index in range(port + 1, HIGHEST + 1) if index not in used and _free(index))
    return results


def refuse(ports: tuple[int, ...]) -> Problem:
    """Return the Problem for taken ports, with the holder of each."""
    from omnimind_ops.observe.ports import holders

    by_port: dict[int, Holder] = {holder.port: holder for holder in reversed(holders()) if holder.port in ports}
    lines = tuple(f"port {port}: {_named(by_port.get(port))}" for port in ports)
    why = lines[0] if len(lines) == 1 else f"{len(lines)} ports are taken: {', '.join(map(str, ports))}"
    fix = "stop what holds it, choose another in omnimind.toml, or let us choose: omnimind up --free-ports"
    return Problem("cannot listen where it should", why, fix, log=lines if len(lines) > 1 else ())


def _named(holder: Holder | None) -> str:
    if holder is None or not (holder.program or holder.container or holder.unit):
        return "held by a process of another user (root can see which: ss -ltnp)"
    where = next(
        (f", {what} {name}" for what, name in (("container", holder.container), ("unit", holder.unit)) if name), ""
    )
    return f"held by {holder.program or 'a process'} (pid {holder.pid}{where})"


def _free(port: int) -> bool:
    """Return whether a server can listen on the port. Like the servers, it ignores connections that linger from an
    earlier one.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True
