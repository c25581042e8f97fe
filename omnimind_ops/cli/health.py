"""omnimind health: is everything ready? It has its own exit codes: model.health.HealthCode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.cli.options import Config, Json, paths, who
from omnimind_ops.model.health import HealthCode, Report
from omnimind_ops.model.problem import ExitCode, Problem

if TYPE_CHECKING:
    from omnimind_ops.flows.health import HealthMonitor

INTERVAL = 2.0
PATIENCE = 300.0
"""Seconds that --until waits unless --for sets another limit."""
Tick = Callable[[Report], None]


def command(
    watch: Annotated[
        bool,
        typer.Option("--watch", "-w", help="Repeat: full screen on a terminal, otherwise one line per check."),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Check once (default). With --watch: exit after the first check.")
    ] = False,
    until: Annotated[
        str, typer.Option("--until", help="Repeat until the state is: ready, degraded (or better), down.")
    ] = "",
    for_: Annotated[str, typer.Option("--for", help="Time limit for --until and --watch: 60s, 2m.")] = "",
    interval: Annotated[float, typer.Option("--interval", help="Seconds between checks.")] = INTERVAL,
    prom: Annotated[
        Path | None, typer.Option("--prom", help="Write metrics to this file for node_exporter's textfile collector.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Check every service with a real request.

    Exit codes: 0 ready, 1 critical service down, 2 degraded, 3 starting, 4 not installed.
    """
    from omnimind_ops.flows import health as flow
    from omnimind_ops.settings import load

    enough, limit = flow.enough(until), flow.seconds_of(for_) if for_ else None
    if not 0.1 <= interval <= 3600:
        raise Problem(
            "cannot check that often",
            f"--interval {interval:g} is not between 0.1 and 3600 seconds",
            "give seconds, as --interval 2",
            code=ExitCode.USAGE,
        )
    if for_ and not (until or watch):
        raise Problem(
            "cannot look for a while",
            "--for needs something to wait for",
            "add --until ready, or --watch",
            code=ExitCode.USAGE,
        )
    monitor = flow.monitor(load(config), paths(), live=(watch or bool(until)) and not once)
    try:
        if watch and not (json or once) and _is_screen():
            last = _screen(monitor, interval, enough, prom, limit)
        else:
            last = _lines(
                monitor, interval, enough, prom, _limit(watch, once, until, limit), shows=_shower(json, watch, until)
            )
    except KeyboardInterrupt:
        raise typer.Exit(int(HealthCode.INTERRUPTED)) from None
    raise typer.Exit(int(last.code if last else HealthCode.STARTING))


def _limit(watch: bool, once: bool, until: str, limit: float | None) -> float | None:
    """Return the time limit in seconds; 0 is a single check, None is for ever."""
    if once or not (watch or until):
        return 0.0
    return PATIENCE if until and limit is None else limit


def _lines(
    monitor: HealthMonitor,
    interval: float,
    enough: Callable[[Report], bool],
    prom: Path | None,
    limit: float | None,
    *,
    shows: Tick,
) -> Report | None:
    from omnimind_ops.flows.health import ticks

    last = None
    for last in ticks(monitor.check, interval, enough, limit):
        _export(last, prom)
        shows(last)
    return last


def _shower(json: bool, watch: bool, until: str) -> Tick:
    from omnimind_ops.render.health import output

    if json:
        return output.as_json
    return output.as_line if watch or until else output.as_table


def _screen(
    monitor: HealthMonitor, interval: float, enough: Callable[[Report], bool], prom: Path | None, limit: float | None
) -> Report | None:
    import time

    from omnimind_ops.render.health import output

    end = None if limit is None else time.monotonic() + limit

    def check() -> Report:
        report = monitor.check()
        _export(report, prom)
        return report

    def is_over(report: Report) -> bool:
        return enough(report) or (end is not None and time.monotonic() >= end)

    return output.screen(check, monitor.logs, lambda name: monitor.restart(name, who()), interval, is_over)


def _export(report: Report, prom: Path | None) -> None:
    if prom:
        from omnimind_ops.flows.health import export
        from omnimind_ops.render.health.text import prometheus

        export(prometheus(report), prom)


def _is_screen() -> bool:
    from omnimind_ops.render.health.output import is_screen

    return is_screen()
