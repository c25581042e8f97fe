"""Root cause of failures: a failing service whose dependency also fails is a victim, and the guard does not restart
victims.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from omnimind_ops.catalogue import Service
from omnimind_ops.model.health import Reading, State


def find(
    readings: Sequence[Reading], every: Sequence[Service], blames: Mapping[str, tuple[str, ...]]
) -> tuple[Reading, ...]:
    """Return the readings with `root` filled in.

    The dependencies of a service are the services that must start before it (the catalogue) and those that its own
    health check names (`blames`, names or kinds). The first failing one in start order is the root cause. When a
    service blames a healthy one, the fault is its own (a wrong password, for example).
    """
    failing = {one.service for one in readings if fails(one)}
    before = {service.name: _before(service, every, blames.get(service.name, ())) for service in every}
    order = [service.name for service in every]
    return tuple(
        replace(one, root=_root(one.service, before, failing, order)) if fails(one) else one for one in readings
    )


def fails(reading: Reading) -> bool:
    """Return whether the service's last response was bad or the service is down, stopped or starting. The state may
    still be ready during a grace period or below a threshold.
    """
    return bool(reading.bad) or reading.state in (State.DOWN, State.STOPPED, State.STARTING)


def dependants(name: str, every: Sequence[Service]) -> tuple[str, ...]:
    """Return the services that start after `name`, directly or indirectly, in start order."""
    found = {name}
    for service in every:
        if found.intersection(service.after):
            found.add(service.name)
    return tuple(service.name for service in every if service.name in found and service.name != name)


def _before(service: Service, every: Sequence[Service], blamed: Sequence[str]) -> frozenset[str]:
    named = {other.name for other in every if other.name in blamed or str(other.kind) in blamed}
    return frozenset(service.after) | (named - {service.name})


def _root(name: str, before: Mapping[str, frozenset[str]], failing: set[str], order: Sequence[str]) -> str:
    seen, ahead = {name}, [name]
    while ahead:
        for other in sorted(before.get(ahead.pop(), frozenset()) & failing, key=order.index):
            if other not in seen:
                seen.add(other)
                ahead.append(other)
    return min(seen - {name}, key=order.index, default="")
