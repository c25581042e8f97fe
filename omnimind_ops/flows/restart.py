"""Use case: restart services.

Backends restart in rounds: the first worker of every port, then, when they are ready, the second. No request is
refused.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from omnimind_ops import managers
from omnimind_ops.catalogue import Kind, Service, named, services
from omnimind_ops.health import probes
from omnimind_ops.managers import Manager
from omnimind_ops.model.event import RunEnded, RunStarted, StepChanged, StepState, Tell
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.model.world import World

GOOD_ANSWERS = 3
PAUSE = 0.1
PROBE_SECONDS = 2.0
PHASE = "services"


@dataclass(frozen=True)
class Batch:
    """Processes that restart together, and the services that must answer before the next batch."""

    title: str
    processes: tuple[str, ...]
    services: tuple[Service, ...]


def restart(world: World, names: Sequence[str], tell: Tell) -> tuple[str, ...]:
    """Restart the named services, or all if none is named, in start order; return the processes.

    The caller holds the lock.
    """
    manager, selected = managers.of(world), select_services(world, names)
    all_batches = batches(selected)
    steps = tuple(StepState(batch.title, batch.title, PHASE) for batch in all_batches)
    tell(RunStarted(f"omnimind restart ({world.mode})", "restart", RunState.RUNNING, steps))
    for batch in all_batches:
        began = time.monotonic()
        tell(StepChanged(batch.title, batch.title, Status.DOING, PHASE))
        manager.restart(batch.processes)
        for service in batch.services:
            _wait_until_ready(world, manager, service)
        seconds = time.monotonic() - began
        tell(StepChanged(batch.title, batch.title, Status.DONE, PHASE, seconds, changed=True))
    tell(RunEnded("omnimind restart: done", "restart", RunState.FINISHED))
    return tuple(name for batch in all_batches for name in batch.processes)


def select_services(world: World, names: Sequence[str]) -> tuple[Service, ...]:
    """Return the services of these names in start order; `backend` means all backends, a port its backend."""
    all_services = services(world)
    selected_names: set[str] = set()
    for name in names:
        single = named(world, name)
        matches = {service.name for service in all_services if service.kind == name} or (
            {single.name} if single else set()
        )
        if not matches:
            known_names = ", ".join(service.name for service in all_services)
            raise Problem(
                "cannot find the service",
                f"there is no service {name}",
                f"use one of: {known_names}",
                code=ExitCode.USAGE,
            )
        selected_names |= matches
    return tuple(service for service in all_services if not names or service.name in selected_names)


def batches(selected: Sequence[Service]) -> tuple[Batch, ...]:
    """Return the batches. Pure.

    Services restart one by one, the backends together: the first workers of all ports, then the second.
    """
    backends = tuple(backend for backend in selected if backend.kind is Kind.BACKEND)
    result: list[Batch] = []
    for service in selected:
        if service.kind is not Kind.BACKEND:
            result.append(Batch(f"Restart {service.name}", service.processes, (service,)))
        elif service is backends[0]:
            rounds = max(len(backend.processes) for backend in backends)
            for at in range(rounds):
                processes = tuple(backend.processes[at] for backend in backends if at < len(backend.processes))
                result.append(
                    Batch(
                        f"Restart worker {at + 1} of {', '.join(str(backend.port) for backend in backends)}",
                        processes,
                        backends,
                    )
                )
    return tuple(result)


def _wait_until_ready(world: World, manager: Manager, service: Service) -> None:
    """Wait until a service answers; a backend must answer GOOD_ANSWERS times in a row."""
    end, ready_in_a_row, reason = time.monotonic() + service.start_seconds, 0, ""
    needed = GOOD_ANSWERS if service.kind is Kind.BACKEND else 1
    while ready_in_a_row < needed:
        outcome = probes.of(service, world, probes.Depth(deep=False, seconds=PROBE_SECONDS))
        ready_in_a_row, reason = (ready_in_a_row + 1 if outcome.ready else 0), outcome.why
        if time.monotonic() > end:
            fix = f"read its full log: omnimind logs {service.name}"
            raise Problem(
                f"cannot restart {service.name}",
                f"it does not answer: {reason}",
                fix,
                log=tuple(manager.logs(service.processes[0], 12)),
            )
        if not outcome.ready:
            time.sleep(PAUSE)
