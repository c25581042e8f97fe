"""Addresses that native services listen on: 127.0.0.1 always, and what a System's `listen` adds. Pure.

An entry is "0.0.0.0:9000", "[::]:9000" or "192.0.2.5:16333": an address that was published, with its port.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnimind_ops.model.goal import Goal
    from omnimind_ops.model.system import System

LOOPBACK = "127.0.0.1"
ANY, ANY6 = "0.0.0.0", "::"  # noqa: S104 compared, and bound only if the person chose it


def shown(address: str, port: int) -> str:
    """Return "127.0.0.1:8000" or "[::]:8000"."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def is_open(address: str) -> bool:
    """Return whether other hosts can reach a published address; "" is every address."""
    return not address or not ipaddress.ip_address(address).is_loopback


def addresses(system: System, port: int) -> tuple[str, ...]:
    """Return the addresses of a port, loopback first unless a wildcard contains it."""
    given = tuple(address for address, number in map(_parsed, system.listen) if number == port)
    if ANY in given:
        return tuple(address for address in (ANY, ANY6) if address in given)
    return (LOOPBACK, *given)


def sockets(system: System, port: int) -> tuple[str, ...]:
    """Return the addresses with the port, as ListenStream= takes them."""
    return tuple(shown(address, port) for address in addresses(system, port))


def answers(system: System, address: str, port: int) -> bool:
    """Return whether a native service answers on this address of a port that it has."""
    listening = addresses(system, port)
    return address in (*listening, LOOPBACK) or (":" not in address and address != ANY and ANY in listening)


def names(found: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return entries for addresses and ports that are open to the network; each once."""
    return tuple(dict.fromkeys(shown(address or ANY, port) for address, port in found if is_open(address)))


def for_templates(goal: Goal) -> dict[str, Any]:
    """Return the addresses as templates take them; `sockets` by port, as text."""
    return {
        "redis": redis_addresses(goal, is_before_6_2=False),
        "redis_before_6_2": redis_addresses(goal, is_before_6_2=True),
        "qdrant": qdrant_host(goal),
        "is_qdrant_local": qdrant_host(goal) == LOOPBACK,
        "sockets": {str(port): list(sockets(goal, port)) for port in (*goal.backend_ports, goal.frontend_port)},
    }


def _parsed(entry: str) -> tuple[str, int]:
    address, _, port = entry.rpartition(":")
    return address.strip("[]"), int(port)


def qdrant_host(goal: Goal) -> str:
    """Return the one address that Qdrant listens on: every address if one of its ports is open to other hosts."""
    given = {address for port in (goal.qdrant_port, goal.qdrant_grpc_port) for address in addresses(goal, port)}
    return ANY6 if ANY6 in given else ANY if ANY in given else LOOPBACK


def redis_addresses(system: System, *, is_before_6_2: bool) -> str:
    """Return the addresses for Redis' `bind`. Since 6.2 a leading minus marks one that may not be up yet."""
    given = addresses(system, system.redis_port)
    if is_before_6_2:
        return " ".join(given)
    needed = [address for address in given if address in (LOOPBACK, ANY)]
    optional = [address for address in given if address not in needed]
    own = [] if ANY6 in given or "::1" in given else ["::1"]
    return " ".join((*needed, *(f"-{address}" for address in (*own, *optional))))
