"""Derive the state of a service from its processes, its responses and its history. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.health.history import ServiceHistory, Thresholds, is_good
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.health import Outcome, State

LOOP_SECONDS = 300.0
LOOP_CRASHES = 5
"""Number of unwanted restarts, within LOOP_SECONDS, that counts as a crash loop: another start does not help a process
that dies at once.
"""
TWICE = 2
"""Number of crashes from which a starting worker no longer counts as running."""


def derive_state(
    history: ServiceHistory,
    processes: Sequence[ProcessState],
    start_seconds: int,
    at: float,
    now: float,
    thresholds: Thresholds,
) -> tuple[State, str]:
    """Return the state of a service, and why it is not ready ("" when it is). `at` is monotonic, `now` is unix time."""
    crashes = history.crashes_since(now - LOOP_SECONDS)
    missing = [
        process
        for process in processes
        if process.state not in ("running", "stopping") and (process.state != "starting" or crashes >= TWICE)
    ]
    state, why = _derive(history, processes, missing, (start_seconds, at), thresholds)
    if crashes < LOOP_CRASHES or state is State.STOPPED:
        return state, why
    loop = f"crashed {crashes} times in {LOOP_SECONDS / 60:.0f} min"
    return (State.DEGRADED if state is State.READY else state), f"{loop}{f'; {why}' if why else ''}"


def _derive(
    history: ServiceHistory,
    processes: Sequence[ProcessState],
    missing: Sequence[ProcessState],
    patience: tuple[int, float],
    thresholds: Thresholds,
) -> tuple[State, str]:
    if processes and all(process.state in ("stopped", "failed", "backoff") for process in processes):
        return _all_dead(processes)
    outcome, (start_seconds, at) = history.outcome, patience
    if outcome is None:
        return State.STARTING, "not checked yet"
    if is_good(outcome):
        return _working(history, outcome, missing, len(processes), thresholds)
    in_grace = history.started is not None and at - history.started < start_seconds
    if (
        history.is_new and in_grace and not outcome.ready and history.started is not None
    ):  # a service that responds wrongly is no longer starting
        return State.STARTING, f"{outcome.why} ({at - history.started:.0f} s of at most {start_seconds} s)"
    if outcome.starting:
        return State.STARTING, outcome.why
    if history.state in (State.READY, State.DEGRADED) and history.bad < thresholds.bad:
        return history.state, f"failing {history.bad} of {thresholds.bad}: {outcome.why}"
    return State.DOWN, outcome.why


def _working(
    history: ServiceHistory, outcome: Outcome, missing: Sequence[ProcessState], count: int, thresholds: Thresholds
) -> tuple[State, str]:
    if history.state is State.DOWN and history.good < thresholds.good:
        return State.DOWN, f"answers again, {history.good} of {thresholds.good}"
    if missing:
        reasons = "; ".join(f"{process.name} {_end(process)}" for process in missing)
        return State.DEGRADED, f"{count - len(missing)} of {count} workers: {reasons}"
    if outcome.degraded:
        return State.DEGRADED, outcome.why
    return State.READY, ""


def _end(process: ProcessState) -> str:
    end = "was stopped" if process.by_person else f"is {process.state}"
    return f"{end}{f': {process.detail}' if process.detail else ''}"


def _all_dead(dead: Sequence[ProcessState]) -> tuple[State, str]:
    if all(process.by_person for process in dead):
        return State.STOPPED, "stopped on request"
    worst = next((process for process in dead if process.state == "failed"), dead[0])
    return State.DOWN, f"{worst.name} is {worst.state}{f': {worst.detail}' if worst.detail else ''}"
