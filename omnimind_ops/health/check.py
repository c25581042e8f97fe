"""check(): the state of all services, in one Report.

All probes run at once, each with its own time-out. Results younger than the cache's TTL are reused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from omnimind_ops.catalogue import STORES, Kind, Service, services
from omnimind_ops.health import attribution, blame, gpu, host, probes
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.crew import Asked
from omnimind_ops.health.probes import Depth
from omnimind_ops.health.settle import settle
from omnimind_ops.health.track import HOUR, Track
from omnimind_ops.managers import Manager, ProcessState
from omnimind_ops.model.health import Host, Outcome, Process, Reading, Report, State
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

__all__ = ["Reading", "Report", "check"]

GRACE = 0.5
"""Seconds added to a probe's time-out, for the work around it."""
_ORDER = (State.DOWN, State.STARTING, State.DEGRADED, State.READY)
_ONLY_FOR_ROOT = (*STORES, Kind.ENGINE)
"""Kinds that cannot be probed without the credentials. The guard's last result is shown instead, with its age."""
Question = Callable[[], Any]
Answer = tuple[Outcome, float]
"""The outcome of a probe and the seconds that it took."""


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
    began, every = cache.at(), services(world)
    asked = cache.crew.ask(
        _questions(world, manager, cache, every, Depth(deep, every_worker, seconds)), seconds + GRACE
    )
    states, trouble = _states(asked, every, cache)
    answers, at_fault = _attributed(_answers(asked, every, seconds), every, cache)
    readings = tuple(_read(service, states, answers.get(service.name), at_fault, cache) for service in every)
    readings = blame.find(readings, every, {service.name: _blames(cache.track(service.name)) for service in every})
    whole = asked.get("host")
    cache.others["host"] = found = (
        (whole.answer if whole and whole.answer else None) or cache.others.get("host") or _nothing(world)
    )
    engine = next((cache.track(service.name) for service in every if service.kind is Kind.ENGINE), Track())
    card = gpu.read(engine.outcome.facts if engine.outcome else {}) if engine.outcome else None
    starts = [one.since for reading in readings for one in reading.processes if one.since and one.state == "running"]
    state = overall(readings, found, trouble)
    change = cache.changes[-1] if cache.changes else None
    return Report(
        state,
        readings,
        card,
        found,
        cache.now(),
        str(world.mode),
        min(starts, default=None),
        change,
        cache.at() - began,
        trouble,
    )


def overall(readings: Sequence[Reading], found: Host, trouble: str = "") -> State:
    """Return the overall state: down when a critical service is down, starting when any service is starting, degraded
    when a secondary service is not well.

    `trouble` with the manager degrades it: everything may work, but a process that dies now is not restarted.
    """
    kinds = {State.DEGRADED} if trouble else {State.READY}
    for one in readings:
        gone = one.state in (State.DOWN, State.STOPPED)
        kinds.add((State.DOWN if one.critical else State.DEGRADED) if gone else one.state)
    if found.disk_used >= host.DISK_FULL:
        kinds.add(State.DEGRADED)
    return next(state for state in _ORDER if state in kinds)


def _questions(
    world: World, manager: Manager, cache: Cache, every: Sequence[Service], depth: Depth
) -> dict[str, Question]:
    names = [name for service in every for name in service.processes]
    ports = frozenset(service.port for service in every if service.port)
    questions: dict[str, Question] = {
        "manager": lambda: manager.states(names),
        "host": lambda: host.read(world.state, ports),
    }
    for service in every:
        track = cache.track(service.name)
        is_due = track.outcome is None or cache.at() - track.at >= cache.ttl
        if is_due and (world.has_credentials or service.kind not in _ONLY_FOR_ROOT):
            questions[service.name] = _probe(service, world, depth, track)
    return questions


def _probe(service: Service, world: World, depth: Depth, track: Track) -> Question:
    return lambda: probes.of(service, world, depth, before=track.facts)


def _states(
    asked: Mapping[str, Asked[Any]], every: Sequence[Service], cache: Cache
) -> tuple[dict[str, ProcessState], str]:
    """Return the processes by name, and why the manager did not report them ("" when it did).

    Without a report, the last known states are returned.
    """
    one = asked["manager"]
    if isinstance(one.answer, dict):
        cache.others["states"] = one.answer
        return one.answer, ""
    if one.error is not None and not isinstance(one.error, Problem | OSError):
        raise one.error
    before = cache.others.get("states") or {
        name: ProcessState(name, "running") for service in every for name in service.processes
    }
    return before, str(one.error) if one.error else "the manager does not answer"


def _answers(asked: Mapping[str, Asked[Any]], every: Sequence[Service], seconds: float) -> dict[str, Answer]:
    """Return the outcome of each service that was probed, and the seconds that it took."""
    probed = {service.name: asked[service.name] for service in every if service.name in asked}
    late = Outcome(False, why=f"no answer within {seconds:g} s", silent=True)
    return {name: (probe.answer or late, probe.seconds) for name, probe in probed.items()}


def _attributed(
    answers: Mapping[str, Answer], every: Sequence[Service], cache: Cache
) -> tuple[dict[str, Answer], frozenset[str]]:
    """Return the answers with those that only the workers can give, and the workers that are at fault."""
    workers = attribution.by_kind({name: outcome.reports for name, (outcome, _) in answers.items() if outcome.reports})
    complete, at_fault = dict(answers), frozenset[str]()
    for service in every:
        if service.kind not in _ONLY_FOR_ROOT:
            continue
        track, checks = cache.track(service.name), workers.get(service.kind, {})
        is_known = track.outcome is not None and cache.at() - track.at <= probes.GUARD_SECONDS
        direct = answers[service.name][0] if service.name in answers else track.outcome if is_known else None
        verdict = attribution.judge(checks, direct)
        at_fault |= verdict.at_fault
        if direct is None and verdict.outcome:
            complete[service.name] = verdict.outcome, max(check.latency for check in checks.values()) / 1000
    return complete, at_fault


def _read(
    service: Service,
    states: Mapping[str, ProcessState],
    answer: Answer | None,
    at_fault: frozenset[str],
    cache: Cache,
) -> Reading:
    track, at, now = cache.track(service.name), cache.at(), cache.now()
    own = [states.get(name) or ProcessState(name, "stopped") for name in service.processes]
    for text in track.meet(own, at, now):
        cache.note(service.name, text)
    if answer is not None:
        track.take(*answer, at)
        track.blame(attribution.processes(service, answer[0].reports, at_fault))
    before, (track.state, why) = track.state, settle(track, own, service.start_seconds, at, now, cache.thresholds)
    if before not in (None, track.state):
        cache.note(service.name, f"{track.state}{f': {why}' if why else ''}")
    if track.state in (State.READY, State.DEGRADED) and not track.bad:
        cache.gave_up.pop(service.name, None)
    return _reading(service, track, own, why, cache)


def _reading(service: Service, track: Track, own: Sequence[ProcessState], why: str, cache: Cache) -> Reading:
    outcome, state = track.outcome or Outcome(False), track.state or State.STARTING
    memory, limit = (
        [one.memory_bytes for one in own if one.memory_bytes],
        [one.memory_limit for one in own if one.memory_limit],
    )
    return Reading(
        service=service.name,
        kind=str(service.kind),
        critical=service.critical,
        state=state,
        alive=any(one.pid for one in own),
        ready=outcome.ready and state not in (State.DOWN, State.STOPPED),
        useful=outcome.useful,
        detail=outcome.detail,
        why=why,
        latency=track.latency,
        age=cache.at() - track.at if track.outcome else None,
        good=track.good,
        bad=track.bad,
        silent=outcome.silent,
        refuses=outcome.refuses,
        root="",
        restarts=track.restarts_since(cache.now() - HOUR),
        memory=sum(memory) if memory else None,
        limit=sum(limit) if limit else None,
        processes=tuple(
            Process(one.name, one.state, one.pid or None, one.since, one.by_person, one.detail) for one in own
        ),
        start_seconds=service.start_seconds,
        gave_up=cache.gave_up.get(service.name, ""),
    )


def _blames(track: Track) -> tuple[str, ...]:
    return track.outcome.blames if track.outcome else ()


def _nothing(world: World) -> Host:
    return Host(None, None, None, str(world.state), 0.0, 0, ())
