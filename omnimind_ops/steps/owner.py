"""Whose process answers on a port: an address alone proves nothing, an old container may have come back to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from omnimind_ops.model import native
from omnimind_ops.model.facts import Holder
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import docker
from omnimind_ops.observe.ports import holders

Owners = Mapping[str, tuple[int, tuple[str, ...]]]
"""Service → its port, and patterns of the units that may listen there."""
Refuse = Callable[[Goal, Iterable[str]], None]
"""Raises a Problem if one of the services is answered for by another process than its unit's."""
AGAIN_SECONDS = 0.2
NEAREST = (("127.0.0.1",), ("0.0.0.0",), ("::", "::ffff:127.0.0.1"))  # noqa: S104 compared, not bound
"""Addresses that receive a connection to 127.0.0.1; the kernel prefers the more specific one."""


def owners(goal: Goal) -> Owners:
    """Return who must answer, by service. systemd itself listens for services with a socket unit."""
    backends = {
        f"backend:{port}": (port, (f"omnimind-{port}.socket", f"omnimind-{port}@*.service"))
        for port in goal.backend_ports
    }
    return {
        "postgresql": (goal.postgres_port, (native.POSTGRES, "postgresql@*.service")),
        "redis": (goal.redis_port, (native.REDIS,)),
        "qdrant": (goal.qdrant_port, (native.QDRANT,)),
        **backends,
        "frontend": (goal.frontend_port, native.FRONTEND),
    }


def stranger(port: int, units: Iterable[str], listeners: Iterable[Holder]) -> Holder | None:
    """Return who answers on 127.0.0.1:port and belongs to none of the units; None if nobody does."""
    listening = [holder for holder in listeners if holder.port == port]
    for addresses in NEAREST:
        answering = [holder for holder in listening if holder.address in addresses]
        if answering:
            return next((holder for holder in answering if not _belongs(holder, units)), None)
    return None


def refuse_strangers(goal: Goal, services: Iterable[str]) -> None:
    """Raise Problem if another process than the unit's own answers on the port of one of the services."""
    expected, listeners = owners(goal), holders()
    for service in services:
        port, units = expected[service]
        holder = stranger(port, units, listeners)
        if holder and not holder.pid:  # it ended or began while /proc was read
            time.sleep(AGAIN_SECONDS)
            holder = stranger(port, units, holders())
        if holder:
            raise problem(service, units[0], _named(holder))


def problem(service: str, unit: str, holder: Holder) -> Problem:
    """Return the Problem of a port that answers and is not the unit's."""
    owner = f"{holder.program or 'an unknown program'} (pid {holder.pid}, {holder.unit or 'in no unit'})"
    stop = f"stop {holder.unit or f'process {holder.pid}'}"
    if holder.container:
        owner, stop = f"container {holder.container} (by {owner})", f"docker stop {holder.container}"
    return Problem(
        f"cannot prove {service}",
        f"what answers on port {holder.port} is {owner}, not {unit}",
        f"{stop}, find what started it (a boot unit, a script, cron) and switch that off; then migrate again",
    )


def _belongs(holder: Holder, units: Iterable[str]) -> bool:
    return any(fnmatchcase(holder.unit, pattern) for pattern in units)


def _named(holder: Holder) -> Holder:
    """Return the holder with the name of its container, if the engine answers and knows one."""
    if not docker.version()[0]:
        return holder
    same = (
        other for other in holders(docker.containers()) if (other.port, other.address) == (holder.port, holder.address)
    )
    return next(same, holder)
