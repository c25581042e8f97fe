"""check(): the state of all services, in one Report.

All probes run at once, each with its own time-out. Results younger than the cache's TTL are reused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from omnimind_ops.catalogue import STORES, Kind, Service, services
from omnimind_ops.health import attribution, gpu, host, probes, root_cause
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.probe_pool import PendingProbe
from omnimind_ops.health.probes import Depth
from omnimind_ops.health.readings import Result, read
from omnimind_ops.managers import Manager, ProcessState
from omnimind_ops.model.health import Gpu, Host, Outcome, Reading, Report, State
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

__all__ = ["Reading", "Report", "check"]

GRACE = 0.5
"""Seconds added to a probe's time-out, for the work around it."""
_ORDER = (State.DOWN, State.STARTING, State.DEGRADED, State.READY)
_ONLY_FOR_ROOT = (*STORES, Kind.ENGINE)
"""Kinds that cannot be probed without the credentials. The guard's last result is shown instead, with its age."""
Probe = Callable[[], Any]


def check(
    world: World,
    manager: Manager,
    cache: Cache,
    *,
    deep: bool = True,
    every_worker: bool = True,
    seconds: float = probes.SECONDS,
) -> Report:
    """Return the report. Takes as long as the slowest probe, at most `seconds` plus GRACE.

    `deep` probes write and read small test data; turn them off while data are compared (a migration). Failing services
    raise no exception. Without `every_worker`, a backend is asked until one of its workers is ready.
    """
    began, catalogue = cache.at(), services(world)
    due = _due(world, manager, cache, catalogue, Depth(deep, every_worker, seconds))
    pending = cache.pool.run(due, seconds + GRACE)
    processes, trouble = _processes(pending["manager"], catalogue, cache)
    results, at_fault = _attributed(_results(pending, catalogue, seconds), catalogue, cache)
    readings = tuple(read(service, processes, results.get(service.name), at_fault, cache) for service in catalogue)
    readings = root_cause.find(readings, catalogue, _blames(catalogue, cache))
    cache.last["host"] = machine = pending["host"].result or cache.last.get("host") or _unknown(world)
    running = [process for reading in readings for process in reading.processes if process.state == "running"]
    return Report(
        state=overall(readings, machine, trouble),
        services=readings,
        gpu=_gpu(catalogue, cache),
        host=machine,
        at=cache.now(),
        mode=str(world.mode),
        since=min((process.since for process in running if process.since), default=None),
        change=cache.changes[-1] if cache.changes else None,
        seconds=cache.at() - began,
        trouble=trouble,
    )


def overall(readings: Sequence[Reading], machine: Host, trouble: str = "") -> State:
    """Return the overall state: down when a critical service is down, starting when any service is starting, degraded
    when a secondary service is not well.

    `trouble` with the manager degrades it: everything may work, but a process that dies now is not restarted.
    """
    states = {State.DEGRADED} if trouble else {State.READY}
    for reading in readings:
        is_down = reading.state in (State.DOWN, State.STOPPED)
        states.add((State.DOWN if reading.critical else State.DEGRADED) if is_down else reading.state)
    if machine.disk_used >= host.DISK_FULL:
        states.add(State.DEGRADED)
    return next(state for state in _ORDER if state in states)


def _due(world: World, manager: Manager, cache: Cache, catalogue: Sequence[Service], depth: Depth) -> dict[str, Probe]:
    names = [name for service in catalogue for name in service.processes]
    ports = frozenset(service.port for service in catalogue if service.port)
    due: dict[str, Probe] = {
        "manager": lambda: _ask_manager(manager, names),
        "host": lambda: host.read(world.state, ports),
    }
    for service in catalogue:
        history = cache.history(service.name)
        is_due = history.outcome is None or cache.at() - history.at >= cache.ttl
        if is_due and (world.has_credentials or service.kind not in _ONLY_FOR_ROOT):
            due[service.name] = _probe(service, world, depth, cache)
    return due


def _probe(service: Service, world: World, depth: Depth, cache: Cache) -> Probe:
    return lambda: probes.of(service, world, depth, before=cache.history(service.name).facts)


def _ask_manager(manager: Manager, names: Sequence[str]) -> tuple[Mapping[str, ProcessState], str]:
    try:
        return manager.states(names), ""
    except (Problem, OSError) as error:
        return {}, str(error)


def _processes(
    pending: PendingProbe[Any], catalogue: Sequence[Service], cache: Cache
) -> tuple[Mapping[str, ProcessState], str]:
    """Return the processes by name, and why the manager did not report them ("" when it did).

    Without a report, the last known states are returned.
    """
    if pending.error:
        raise pending.error
    states, trouble = pending.result or ({}, "the manager does not answer")
    if not trouble:
        cache.last["processes"] = states
        return states, ""
    unknown = {name: ProcessState(name, "running") for service in catalogue for name in service.processes}
    return cache.last.get("processes") or unknown, trouble


def _results(
    pending: Mapping[str, PendingProbe[Any]], catalogue: Sequence[Service], seconds: float
) -> dict[str, Result]:
    """Return the result of each service that was probed."""
    late = Outcome(False, why=f"no answer within {seconds:g} s", silent=True)
    probed = {service.name: pending[service.name] for service in catalogue if service.name in pending}
    return {name: Result(probe.result or late, probe.seconds) for name, probe in probed.items()}


def _attributed(
    results: Mapping[str, Result], catalogue: Sequence[Service], cache: Cache
) -> tuple[dict[str, Result], frozenset[str]]:
    """Return the results, completed by what only the workers can say, and the workers that are at fault."""
    reports = {name: result.outcome.reports for name, result in results.items() if result.outcome.reports}
    checks, complete, at_fault = attribution.by_kind(reports), dict(results), frozenset[str]()
    for service in catalogue:
        if service.kind not in _ONLY_FOR_ROOT:
            continue
        workers, direct = checks.get(service.kind, {}), results.get(service.name)
        verdict = attribution.judge(workers, direct.outcome if direct else _recent(service, cache))
        at_fault |= verdict.at_fault
        if verdict.from_workers and verdict.outcome:
            slowest = max(check.latency for check in workers.values())
            complete[service.name] = Result(verdict.outcome, slowest / 1000)
    return complete, at_fault


def _recent(service: Service, cache: Cache) -> Outcome | None:
    """Return the last outcome, perhaps the guard's, unless it is too old."""
    history = cache.history(service.name)
    return history.outcome if cache.at() - history.at <= probes.GUARD_SECONDS else None


def _blames(catalogue: Sequence[Service], cache: Cache) -> dict[str, tuple[str, ...]]:
    outcomes = {service.name: cache.history(service.name).outcome for service in catalogue}
    return {name: outcome.blames if outcome else () for name, outcome in outcomes.items()}


def _gpu(catalogue: Sequence[Service], cache: Cache) -> Gpu | None:
    outcomes = (cache.history(service.name).outcome for service in catalogue if service.kind is Kind.ENGINE)
    outcome = next(outcomes, None)
    return gpu.read(outcome.facts) if outcome else None


def _unknown(world: World) -> Host:
    return Host(None, None, None, str(world.state), 0.0, 0, ())
