"""Restart policy: which recovery action the guard takes for an observation. Pure: a state machine that returns actions;
the time is an argument (monotonic seconds).

A service is failing when its deep probe failed at least `failures` times in a row, over at least `failing` seconds, and
none of its dependencies fails. The guard then restarts one thing at a time, with growing delays: its failing workers,
all of its processes, the service and its dependants. After that it leaves the service alone and reports the reason. The
guard never restarts: a service that a user stopped; a service that reports that it is starting, or is within its start
time-out; a store that responds but refuses (a password, a full disk); anything while the disk has no room left, and
then whatever fails anew, whether it was given up before or not; a service that is silent for less than `silent`
seconds, which may only be slow. An OmniMind program that really hangs is found sooner, by the heartbeat of its own
loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from omnimind_ops.catalogue import STORES, Kind
from omnimind_ops.health.host import NO_ROOM
from omnimind_ops.health.recovery_actions import (
    ESCALATIONS,
    Action,
    Escalation,
    GiveUp,
    Incident,
    Limits,
    Observation,
    PolicyState,
    Recovered,
    Restart,
)
from omnimind_ops.model.health import Reading, Report, State


def decide(state: PolicyState, observation: Observation) -> tuple[PolicyState, list[Action]]:
    """Return the new state and the actions to take now, at most one of them a Restart."""
    at, trouble = observation.at, observation.report.trouble
    was_frozen = state.at is not None and at - state.at > observation.limits.gap
    if trouble or was_frozen:  # a manager that cannot report processes is no evidence, nor is a pause of the guard
        state = PolicyState({name: replace(incident, since=None) for name, incident in state.incidents.items()}, at)
    if trouble:
        return state, []
    incidents, actions = dict(state.incidents), list[Action]()
    for reading in observation.report.services:
        incident, action = _decide(incidents.pop(reading.service, Incident()), reading, observation)
        if isinstance(action, Restart) and any(isinstance(earlier, Restart) for earlier in actions):
            action = None  # one at a time; it is still due at the next observation
        actions += [action] if action else []
        if incident != Incident():
            incidents[reading.service] = incident
    return PolicyState(incidents, at), actions


def restarted(state: PolicyState, restart: Restart, at: float, limits: Limits) -> PolicyState:
    """Return the state after a restart has ended: the next restart waits, and failures are counted anew."""
    incident = replace(
        state.incidents.get(restart.service, Incident()),
        since=None,
        attempts=restart.attempt,
        not_before=at + limits.pause(restart.attempt),
        healthy_since=None,
    )
    return PolicyState({**state.incidents, restart.service: incident}, at)


def _decide(incident: Incident, reading: Reading, observation: Observation) -> tuple[Incident, Action | None]:
    at, sick = observation.at, _sick(reading, observation)
    why = failing(reading, sick)
    if not why:
        return _not_failing(incident, reading, observation)
    incident = replace(incident, since=at if incident.since is None else incident.since, healthy_since=None)
    if observation.report.host.disk_used >= NO_ROOM:
        return replace(incident, attempts=0, not_before=0.0, gave_up=""), None
    if incident.gave_up or not _is_due(incident, reading, observation, sick):
        return incident, None
    if reason := _hopeless(incident, reading, observation):
        reason = f"{reason}: {why}"
        return replace(incident, gave_up=reason), GiveUp(reading.service, reason)
    return incident, _restart(incident, reading, observation, why, sick)


def _hopeless(incident: Incident, reading: Reading, observation: Observation) -> str:
    if reading.service in observation.foreign:
        return "it existed before OmniMind, so the guard does not restart it"
    if reading.refuses and reading.kind in STORES:
        return "it answers with a refusal, which a restart does not fix"
    return f"{incident.attempts} restarts did not help" if incident.attempts >= len(ESCALATIONS) else ""


def failing(reading: Reading, sick: Sequence[str]) -> str:
    """Return why a service fails by its own fault, "" when it does not: it is well, starting, stopped by a user, or
    another service is the root cause. `sick`: its processes that fail by themselves.
    """
    if (
        reading.root or reading.state in (State.STOPPED, State.STARTING) or reading.kind == Kind.GUARD
    ):  # its manager watches the guard
        return ""
    if dead := _dead(reading):
        return f"{', '.join(dead)} ended, and its manager has given it up"
    return (reading.why or "it does not work") if reading.bad or sick else ""


def _is_due(incident: Incident, reading: Reading, observation: Observation, sick: Sequence[str]) -> bool:
    lasted, limits = _lasted(incident, observation), observation.limits
    if observation.at < incident.not_before:
        return False
    if reading.silent:
        return lasted >= limits.silent
    is_sure = reading.bad >= limits.failures or bool(sick)
    return is_sure and (incident.attempts > 0 or lasted >= limits.failing)  # a restarted service gets no second grace


def _lasted(incident: Incident, observation: Observation) -> float:
    return observation.at - (observation.at if incident.since is None else incident.since)


def _not_failing(incident: Incident, reading: Reading, observation: Observation) -> tuple[Incident, Action | None]:
    is_well = reading.state in (State.READY, State.DEGRADED)
    if not is_well or not (incident.attempts or incident.gave_up):
        return replace(incident, since=None, healthy_since=None), None
    if incident.gave_up:  # recovered by itself, or a user fixed it
        if reading.state is State.READY:
            return Incident(), Recovered(reading.service, incident.attempts)
        return replace(incident, since=None), None
    if incident.healthy_since is None:
        healthy = replace(incident, since=None, healthy_since=observation.at)
        return healthy, Recovered(reading.service, incident.attempts)
    if observation.at - incident.healthy_since >= observation.limits.healthy:
        return Incident(), None
    return replace(incident, since=None), None


def _restart(
    incident: Incident, reading: Reading, observation: Observation, why: str, sick: tuple[str, ...]
) -> Restart:
    escalation = ESCALATIONS[incident.attempts]
    is_blind = not sick and len(reading.processes) > 1  # unknown which worker fails
    if escalation is Escalation.WORKER and (is_blind or reading.kind in STORES):  # a store is never killed
        escalation = Escalation.UNIT
    others: tuple[str, ...] = ()
    if escalation is Escalation.DEPENDANTS:
        others = _running(observation.report, observation.dependants.get(reading.service, ()))
        escalation = escalation if others else Escalation.UNIT
    own = tuple(process.name for process in reading.processes if not process.by_person)
    processes = sick or own if escalation is Escalation.WORKER else (*own, *others)
    reason = f"{why}, for {_lasted(incident, observation):.0f} s"
    return Restart(reading.service, escalation, processes, incident.attempts + 1, reason)


def _running(report: Report, names: Sequence[str]) -> tuple[str, ...]:
    """Return the processes of these services, without those that a user stopped."""
    readings = (report.of(name) for name in names)
    return tuple(
        process.name for reading in readings if reading for process in reading.processes if not process.by_person
    )


def _sick(reading: Reading, observation: Observation) -> tuple[str, ...]:
    """Return the processes to restart first: given up by their manager, or at fault by their own report."""
    at_fault = observation.at_fault.get(reading.service, ())
    running = (process.name for process in reading.processes if process.state == "running")
    return (*_dead(reading), *(name for name in running if name in at_fault))


def _dead(reading: Reading) -> tuple[str, ...]:
    """Return the processes that their manager has given up."""
    return tuple(process.name for process in reading.processes if process.state == "failed" and not process.by_person)
