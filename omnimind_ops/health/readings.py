"""read(): the reading of one service, from its processes, the result of its probe and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omnimind_ops.catalogue import Service
from omnimind_ops.health import attribution
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.history import HOUR, ServiceHistory
from omnimind_ops.health.state import derive_state
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.health import Outcome, Process, Reading, State


@dataclass(frozen=True)
class Result:
    """The outcome of a probe, and how long it took."""

    outcome: Outcome
    seconds: float


def read(
    service: Service,
    processes: Mapping[str, ProcessState],
    result: Result | None,
    at_fault: frozenset[str],
    cache: Cache,
) -> Reading:
    """Return the reading, and record it in the cache. `result` is None if the service was not probed this time."""
    history, at, now = cache.history(service.name), cache.at(), cache.now()
    own = [processes.get(name) or ProcessState(name, "stopped") for name in service.processes]
    for change in history.record_processes(own, at, now):
        cache.note(service.name, change)
    if result is not None:
        history.record(result.outcome, result.seconds, at)
        history.record_faults(attribution.processes(service, result.outcome.reports, at_fault))
    before = history.state
    history.state, why = derive_state(history, own, service.start_seconds, at, now, cache.thresholds)
    if before not in (None, history.state):
        cache.note(service.name, f"{history.state}{f': {why}' if why else ''}")
    if history.state in (State.READY, State.DEGRADED) and not history.bad:
        cache.gave_up.pop(service.name, None)
    return _reading(service, history, own, why, cache)


def _reading(service: Service, history: ServiceHistory, own: Sequence[ProcessState], why: str, cache: Cache) -> Reading:
    outcome, state = history.outcome or Outcome(False), history.state or State.STARTING
    return Reading(
        service=service.name,
        kind=str(service.kind),
        critical=service.critical,
        state=state,
        alive=any(process.pid for process in own),
        ready=outcome.ready and state not in (State.DOWN, State.STOPPED),
        useful=outcome.useful,
        detail=outcome.detail,
        why=why,
        latency=history.latency,
        age=cache.at() - history.at if history.outcome else None,
        good=history.good,
        bad=history.bad,
        silent=outcome.silent,
        refuses=outcome.refuses,
        root="",
        restarts=history.restarts_since(cache.now() - HOUR),
        memory=sum(process.memory_bytes or 0 for process in own) or None,
        limit=sum(process.memory_limit or 0 for process in own) or None,
        processes=tuple(_process(process) for process in own),
        start_seconds=service.start_seconds,
        gave_up=cache.gave_up.get(service.name, ""),
    )


def _process(state: ProcessState) -> Process:
    return Process(state.name, state.state, state.pid or None, state.since, state.by_person, state.detail)
