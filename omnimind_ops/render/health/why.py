"""The reason for a service's state, and what to do about it, as plain lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.health import Reading, Report, State
from omnimind_ops.render.health.text import since


def explain(report: Report, reading: Reading) -> list[str]:
    """Return the lines: the state, the processes, the guard's action, what to do next."""
    return [*_state(report, reading), *_processes(report, reading), *_next(reading)]


def _state(report: Report, reading: Reading) -> Iterator[str]:
    detail = f": {reading.why}" if reading.why else f", {reading.detail}" if reading.detail else ""
    yield f"{reading.service} is {reading.state}{detail}"
    if reading.root:
        cause = report.of(reading.root)
        why = f": {cause.why}" if cause and cause.why else ""
        yield f"cause: {reading.root}{why}; {reading.service} itself is left running"
    answers = {True: "yes", False: "no", None: "not tested"}
    yield (
        f"alive (processes run): {answers[reading.alive]}; ready (it answers): {answers[reading.ready]}; "
        f"useful (it did real work): {answers[reading.useful]}"
    )
    if reading.age is not None:
        streak = f"{reading.bad} failed in a row" if reading.bad else f"{reading.good} passed in a row"
        yield (
            f"last check {reading.age:.0f} s ago; {streak}; {reading.restarts} restarts in the last hour; "
            f"start time-out {reading.start_seconds} s"
        )


def _processes(report: Report, reading: Reading) -> Iterator[str]:
    for process in reading.processes:
        age = f" for {since(process.since, report.at)}" if process.since else ""
        on_request = ", on request" if process.by_person else ""
        detail = f": {process.detail}" if process.detail else ""
        pid = f", pid {process.pid}" if process.pid else ""
        yield f"  {process.name}: {process.state}{on_request}{age}{pid}{detail}"


def _next(reading: Reading) -> Iterator[str]:
    if reading.gave_up:
        yield f"the guard gave up: {reading.gave_up}"
    if reading.state is State.STOPPED:
        yield f"start it: omnimind restart {reading.service}"
    elif reading.root:
        yield f"check {reading.root}: omnimind logs {reading.root}"
    elif reading.state is not State.READY:
        yield f"read its log: omnimind logs {reading.service}; then: omnimind restart {reading.service}"
