"""Policy: which recovery action the guard takes for an observation. Pure: a state machine that returns actions; the
time is an argument (monotonic seconds).

A service is failing when its deep probe failed at least `bad` times in a row, over at least `over` seconds, and none of
its dependencies fails. The guard then restarts one thing at a time, with growing delays: its failing workers, all of
its processes, the service and its dependants. After that it leaves the service alone and reports the reason. The guard
never restarts: a service that a user stopped; a service that reports that it is starting, or is within its start
time-out; a store that responds but refuses (a password, a full disk); a service that is silent for less than `silent`
seconds, which may only be slow. An OmniMind program that really hangs is found sooner, by the heartbeat of its own
loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from omnimind_ops.catalogue import STORES, Kind
from omnimind_ops.health.moves import LADDER, Act, Case, GiveUp, Limits, Look, Memory, Move, Rung, Well
from omnimind_ops.model.health import Reading, Report, State


def decide(memory: Memory, look: Look) -> tuple[Memory, list[Move]]:
    """Return the actions to take now, at most one of them an Act, and the new state."""
    was_away = memory.at is not None and look.at - memory.at > look.limits.away
    if (
        look.report.trouble or was_away
    ):  # a manager that cannot report processes is no evidence, nor is a pause of the guard
        memory = Memory({name: replace(case, since=None) for name, case in memory.cases.items()}, look.at)
    if look.report.trouble:
        return memory, []
    cases, moves = dict(memory.cases), list[Move]()
    for reading in look.report.services:
        case, move = _one(cases.pop(reading.service, Case()), reading, look)
        if isinstance(move, Act) and any(isinstance(one, Act) for one in moves):
            move = None  # one at a time; it is still due at the next observation
        moves += [move] if move else []
        if case != Case():
            cases[reading.service] = case
    return Memory(cases, look.at), moves


def acted(memory: Memory, act: Act, at: float, limits: Limits) -> Memory:
    """Return the state after a restart has ended: the next restart waits, and the failure is counted anew."""
    case = memory.cases.get(act.service, Case())
    done = replace(case, since=None, attempts=act.attempt, not_before=at + limits.pause(act.attempt), well_since=None)
    return Memory({**memory.cases, act.service: done}, at)


def _one(case: Case, reading: Reading, look: Look) -> tuple[Case, Move | None]:
    sick = _sick(reading, look)
    why = failing(reading, sick)
    if not why:
        return _not_failing(case, reading, look)
    case = replace(case, since=look.at if case.since is None else case.since, well_since=None)
    if case.gave_up or not _is_due(case, reading, look, sick):
        return case, None
    if reason := _hopeless(case, reading, look):
        reason = f"{reason}: {why}"
        return replace(case, gave_up=reason), GiveUp(reading.service, reason)
    return case, _act(case, reading, look, why, sick)


def _hopeless(case: Case, reading: Reading, look: Look) -> str:
    if reading.service in look.foreign:
        return "it was here before OmniMind and is not ours to restart"
    if reading.refuses and reading.kind in STORES:
        return "it answers and says no, which no restart changes"
    return f"{case.attempts} restarts did not help" if case.attempts >= len(LADDER) else ""


def failing(reading: Reading, sick: Sequence[str]) -> str:
    """Return why a service fails by its own fault, "" when it does not: it is well, starting, stopped by a user, or
    another service is the root cause.
    """
    if (
        reading.root or reading.state in (State.STOPPED, State.STARTING) or reading.kind == Kind.GUARD
    ):  # its manager watches the guard
        return ""
    if dead := _dead(reading):
        return f"{', '.join(dead)} ended and is not brought back"
    return (reading.why or "it does not do its work") if reading.bad or sick else ""


def _is_due(case: Case, reading: Reading, look: Look, sick: Sequence[str]) -> bool:
    lasted, limits = _lasted(case, look), look.limits
    if look.at < case.not_before:
        return False
    if reading.silent:
        return lasted >= limits.silent
    is_sure = reading.bad >= limits.bad or bool(sick)
    return is_sure and (case.attempts > 0 or lasted >= limits.over)  # a restarted service gets no second grace


def _lasted(case: Case, look: Look) -> float:
    return look.at - (look.at if case.since is None else case.since)


def _not_failing(case: Case, reading: Reading, look: Look) -> tuple[Case, Move | None]:
    is_well = reading.state in (State.READY, State.DEGRADED)
    if not is_well or not (case.attempts or case.gave_up):
        return replace(case, since=None, well_since=None), None
    if case.gave_up:  # recovered by itself, or a user fixed it
        return (
            (Case(), Well(reading.service, case.attempts))
            if reading.state is State.READY
            else (replace(case, since=None), None)
        )
    if case.well_since is None:
        return replace(case, since=None, well_since=look.at), Well(reading.service, case.attempts)
    if look.at - case.well_since >= look.limits.steady:
        return Case(), None
    return replace(case, since=None), None


def _act(case: Case, reading: Reading, look: Look, why: str, sick: tuple[str, ...]) -> Act:
    rung = LADDER[case.attempts]
    is_blind = not sick and len(reading.processes) > 1  # unknown which worker fails
    if rung is Rung.WORKER and (is_blind or reading.kind in STORES):  # a store is never killed
        rung = Rung.UNIT
    others = _running(look.report, look.dependants.get(reading.service, ())) if rung is Rung.DEPENDANTS else ()
    if rung is Rung.DEPENDANTS and not others:
        rung = Rung.UNIT
    own = tuple(one.name for one in reading.processes if not one.by_person)
    processes = sick or own if rung is Rung.WORKER else (*own, *others)
    return Act(reading.service, rung, processes, case.attempts + 1, f"{why}, for {_lasted(case, look):.0f} s")


def _running(report: Report, names: Sequence[str]) -> tuple[str, ...]:
    """Return the processes of these services, without those that a user stopped."""
    found = (report.of(name) for name in names)
    return tuple(one.name for reading in found if reading for one in reading.processes if not one.by_person)


def _sick(reading: Reading, look: Look) -> tuple[str, ...]:
    """Return the processes to restart first: given up by their manager, or at fault by their own report."""
    at_fault = look.at_fault.get(reading.service, ())
    return (
        *_dead(reading),
        *(one.name for one in reading.processes if one.name in at_fault and one.state == "running"),
    )


def _dead(reading: Reading) -> tuple[str, ...]:
    """Return the processes that their manager has given up."""
    return tuple(one.name for one in reading.processes if one.state == "failed" and not one.by_person)
