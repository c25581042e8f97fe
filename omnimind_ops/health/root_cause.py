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
    readings: Sequence[Reading], services: Sequence[Service], blames: Mapping[str, tuple[str, ...]]
) -> tuple[Reading, ...]:
    """Return the readings with `root` filled in.

    The dependencies of a service are the services that must start before it (the catalogue) and those that its own
    health check names (`blames`, names or kinds). The first failing one in start order is the root cause. When a
    service blames a healthy one, the fault is its own (a wrong password, for example).
    """
    failing = {reading.service for reading in readings if fails(reading)}
    needs = {service.name: _needs(service, services, blames.get(service.name, ())) for service in services}
    order = [service.name for service in services]
    return tuple(
        replace(reading, root=_root(reading.service, needs, failing, order)) if fails(reading) else reading
        for reading in readings
    )


def fails(reading: Reading) -> bool:
    """Return whether the service's last response was bad or the service is down, stopped or starting. The state may
    still be ready during a grace period or below a threshold.
    """
    return bool(reading.bad) or reading.state in (State.DOWN, State.STOPPED, State.STARTING)


def dependants(name: str, services: Sequence[Service]) -> tuple[str, ...]:
    """Return the services that start after `name`, directly or indirectly, in start order."""
    names = {name}
    for service in services:
        if names.intersection(service.after):
            names.add(service.name)
    return tuple(service.name for service in services if service.name in names and service.name != name)


def _needs(service: Service, services: Sequence[Service], blamed: Sequence[str]) -> frozenset[str]:
    named = {other.name for other in services if other.name in blamed or str(other.kind) in blamed}
    return frozenset(service.after) | (named - {service.name})


def _root(name: str, needs: Mapping[str, frozenset[str]], failing: set[str], order: Sequence[str]) -> str:
    causes, queue = {name}, [name]
    while queue:
        for other in sorted(needs.get(queue.pop(), frozenset()) & failing, key=order.index):
            if other not in causes:
                causes.add(other)
                queue.append(other)
    return min(causes - {name}, key=order.index, default="")
