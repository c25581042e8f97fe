"""Derive the state of a service from its processes, its responses and its history. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.health.track import Thresholds, Track, works
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.health import Outcome, State

LOOP_SECONDS = 300.0
LOOP_CRASHES = 5
"""Number of unwanted restarts, within LOOP_SECONDS, that counts as a crash loop: another start does not help a process
that dies at once.
"""
TWICE = 2
"""Number of crashes from which a starting worker no longer counts as running."""


def settle(
    track: Track, states: Sequence[ProcessState], start_seconds: int, at: float, now: float, thresholds: Thresholds
) -> tuple[State, str]:
    """Return the state of a service, and why it is not ready ("" when it is). `at` is monotonic, `now` is unix time."""
    crashes = track.crashes_since(now - LOOP_SECONDS)
    away = [
        one
        for one in states
        if one.state not in ("running", "stopping") and (one.state != "starting" or crashes >= TWICE)
    ]
    state, why = _settle(track, states, away, (start_seconds, at), thresholds)
    if crashes < LOOP_CRASHES or state is State.STOPPED:
        return state, why
    said = f"crashed {crashes} times in {LOOP_SECONDS / 60:.0f} min"
    return (State.DEGRADED if state is State.READY else state), f"{said}{f'; {why}' if why else ''}"


def _settle(
    track: Track,
    states: Sequence[ProcessState],
    away: Sequence[ProcessState],
    patience: tuple[int, float],
    thresholds: Thresholds,
) -> tuple[State, str]:
    if states and all(one.state in ("stopped", "failed", "backoff") for one in states):
        return _all_dead(states)
    outcome, (start_seconds, at) = track.outcome, patience
    if outcome is None:
        return State.STARTING, "not asked yet"
    if works(outcome):
        return _working(track, outcome, away, len(states), thresholds)
    in_grace = track.started is not None and at - track.started < start_seconds
    if (
        track.is_new and in_grace and not outcome.ready and track.started is not None
    ):  # a service that responds wrongly is no longer starting
        return State.STARTING, f"{outcome.why} ({at - track.started:.0f} s of at most {start_seconds} s)"
    if outcome.starting:
        return State.STARTING, outcome.why
    if track.state in (State.READY, State.DEGRADED) and track.bad < thresholds.bad:
        return track.state, f"failing {track.bad} of {thresholds.bad}: {outcome.why}"
    return State.DOWN, outcome.why


def _working(
    track: Track, outcome: Outcome, away: Sequence[ProcessState], count: int, thresholds: Thresholds
) -> tuple[State, str]:
    if track.state is State.DOWN and track.good < thresholds.good:
        return State.DOWN, f"answers again, {track.good} of {thresholds.good}"
    if away:
        said = "; ".join(
            f"{one.name} {'was stopped' if one.by_person else f'is {one.state}'}{f': {one.detail}' if one.detail else ''}"
            for one in away
        )
        return State.DEGRADED, f"{count - len(away)} of {count} workers: {said}"
    if outcome.degraded:
        return State.DEGRADED, outcome.why
    return State.READY, ""


def _all_dead(dead: Sequence[ProcessState]) -> tuple[State, str]:
    if all(one.by_person for one in dead):
        return State.STOPPED, "stopped on request"
    worst = next((one for one in dead if one.state == "failed"), dead[0])
    return State.DOWN, f"{worst.name} is {worst.state}{f': {worst.detail}' if worst.detail else ''}"
