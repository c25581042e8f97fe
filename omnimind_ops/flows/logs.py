"""Use case: logs of processes, natively from the journal, embedded from files; several are merged by time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from omnimind_ops import managers
from omnimind_ops.catalogue import services
from omnimind_ops.flows.restart import select_services
from omnimind_ops.flows.startup import log
from omnimind_ops.managers.files import follow, read, time_of
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World

STARTUP = "startup"
"""The log of all starts, in addition to those of services and processes."""
LOG_FILES = {"supervisord": "supervisord.log", "schema": "schema.log"}
"""Embedded mode: log files that belong to no service."""
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
LogLine = tuple[str, str]
"""A process and its line."""


def parse_since(text: str, now: float) -> float | None:
    """Return unix seconds for "10m", "2h", "2026-11-25 14:00" (local time) or "…Z"; None for ""."""
    if not text:
        return None
    if match := _AGO.fullmatch(text.strip().removesuffix(" ago")):
        return now - float(match[1]) * _SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError as error:
        raise Problem(
            "invalid --since",
            f"{text} is not a time",
            'use "10m", "2h" or "2026-11-25 14:00"',
            code=ExitCode.USAGE,
        ) from error


def names(world: World, selection: Sequence[str]) -> tuple[str, ...]:
    """Return the named processes and log files; all processes when none is named."""
    processes = {name for service in services(world) for name in service.processes}
    result: list[str] = []
    for selected in selection:
        if selected == STARTUP or selected in processes or (selected in LOG_FILES and not world.native):
            result.append(selected)
        else:
            result += [name for service in select_services(world, (selected,)) for name in service.processes]
    return (
        tuple(dict.fromkeys(result))
        if selection
        else tuple(name for service in services(world) for name in service.processes)
    )


def lines(world: World, names: Sequence[str], count: int, since: float | None) -> list[LogLine]:
    """Return the last `count` lines of all processes by time; `count` 0 returns all lines.

    With `since`, only lines written from then on.
    """
    manager = managers.of(world)
    entries: list[tuple[float, int, LogLine]] = []
    for name in names:
        file, at = _log_file(world, name), 0.0
        for number, text in enumerate(read(file, count, since) if file else manager.logs(name, count, since)):
            at = time_of(text) or at
            entries.append((at, number, (name, text)))
    if len(names) > 1:
        entries.sort(key=lambda entry: entry[0])
    return [line for _, _, line in entries[-count:]] if count else [line for _, _, line in entries]


def follow_lines(world: World, names: Sequence[str]) -> Iterator[LogLine]:
    """Yield new lines for ever."""
    files = {name: file for name in names if (file := _log_file(world, name))}
    if files and len(files) == len(names):
        yield from follow(files)
    elif files:
        raise Problem(
            "cannot follow these logs together",
            f"{', '.join(files)} is not a process",
            "follow it by itself",
            code=ExitCode.USAGE,
        )
    else:
        yield from managers.of(world).follow(names)


def _log_file(world: World, name: str) -> Path | None:
    if name == STARTUP:
        return world.logs / log.NAME
    return world.logs / LOG_FILES[name] if name in LOG_FILES and not world.native else None
