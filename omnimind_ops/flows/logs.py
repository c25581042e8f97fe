"""Use case: logs of processes, natively from the journal, embedded from files; several are merged by time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from omnimind_ops import managers
from omnimind_ops.catalogue import services
from omnimind_ops.flows.restart import pick
from omnimind_ops.flows.startup import log
from omnimind_ops.managers.files import follow, read, time_of
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World

STARTUP = "startup"
"""The log of all starts, in addition to those of services and processes."""
OWN = {"supervisord": "supervisord.log", "schema": "schema.log"}
"""Embedded mode: log files that belong to no service."""
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
Line = tuple[str, str]
"""A process and its line."""


def since_of(text: str, now: float) -> float | None:
    """Return unix seconds for "10m", "2h", "2026-11-25 14:00" (local time) or "…Z"; None for ""."""
    if not text:
        return None
    if found := _AGO.fullmatch(text.strip().removesuffix(" ago")):
        return now - float(found[1]) * _SECONDS[found[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError as error:
        raise Problem(
            "cannot tell the time",
            f"--since {text} is no time",
            'say "10m", "2h", or "2026-11-25 14:00"',
            code=ExitCode.USAGE,
        ) from error


def names(world: World, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the named processes and log files; all processes when none is named."""
    processes = {name for service in services(world) for name in service.processes}
    found: list[str] = []
    for one in asked:
        if one == STARTUP or one in processes or (one in OWN and not world.native):
            found.append(one)
        else:
            found += [name for service in pick(world, (one,)) for name in service.processes]
    return (
        tuple(dict.fromkeys(found))
        if asked
        else tuple(name for service in services(world) for name in service.processes)
    )


def lines(world: World, wanted: Sequence[str], count: int, since: float | None) -> list[Line]:
    """Return the last `count` lines of all processes by time; `count` 0 returns all lines.

    With `since`, only lines written from then on.
    """
    manager = managers.of(world)
    every: list[tuple[float, int, Line]] = []
    for name in wanted:
        own, at = _own(world, name), 0.0
        for number, text in enumerate(read(own, count, since) if own else manager.logs(name, count, since)):
            at = time_of(text) or at
            every.append((at, number, (name, text)))
    if len(wanted) > 1:
        every.sort(key=lambda one: one[0])
    return [line for _, _, line in every[-count:]] if count else [line for _, _, line in every]


def following(world: World, wanted: Sequence[str]) -> Iterator[Line]:
    """Yield new lines for ever."""
    own = {name: file for name in wanted if (file := _own(world, name))}
    if own and len(own) == len(wanted):
        yield from follow(own)
    elif own:
        raise Problem(
            "cannot follow these together", f"{', '.join(own)} is no process", "follow it alone", code=ExitCode.USAGE
        )
    else:
        yield from managers.of(world).follow(wanted)


def _own(world: World, name: str) -> Path | None:
    if name == STARTUP:
        return world.logs / log.NAME
    return world.logs / OWN[name] if name in OWN and not world.native else None
