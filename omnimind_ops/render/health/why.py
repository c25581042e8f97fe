"""The reason for a service's state, and what to do about it, as plain lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.health import Reading, Report, State
from omnimind_ops.render.health.text import since


def explain(report: Report, reading: Reading) -> list[str]:
    """Return the lines: the findings, the processes, the guard's action, what to do next."""
    return [*_known(report, reading), *_processes(report, reading), *_next(reading)]


def _known(report: Report, one: Reading) -> Iterator[str]:
    yield f"{one.service} is {one.state}" + (f": {one.why}" if one.why else f", {one.detail}" if one.detail else "")
    if one.root:
        cause = report.of(one.root)
        yield f"the cause is {one.root}{f': {cause.why}' if cause and cause.why else ''}; nothing is done to {one.service} for that"
    words = {True: "yes", False: "no", None: "not asked"}
    yield f"alive (its processes run): {words[one.alive]}; ready (it answers): {words[one.ready]}; useful (it did real work): {words[one.useful]}"
    if one.age is not None:
        run = f"{one.bad} bad answers in a row" if one.bad else f"{one.good} good answers in a row"
        yield f"asked {one.age:.0f} s ago; {run}; {one.restarts} restarts in the last hour; may take {one.start_seconds} s to start"


def _processes(report: Report, one: Reading) -> Iterator[str]:
    for process in one.processes:
        age = f" for {since(process.since, report.at)}" if process.since else ""
        person = ", by a person" if process.by_person else ""
        detail = f": {process.detail}" if process.detail else ""
        yield f"  {process.name}: {process.state}{person}{age}{f', pid {process.pid}' if process.pid else ''}{detail}"


def _next(one: Reading) -> Iterator[str]:
    if one.gave_up:
        yield f"the guard leaves it alone: {one.gave_up}"
    if one.state is State.STOPPED:
        yield f"start it: omnimind restart {one.service}"
    elif one.root:
        yield f"look at {one.root}: omnimind logs {one.root}"
    elif one.state is not State.READY:
        yield f"look: omnimind logs {one.service}; then: omnimind restart {one.service}"
