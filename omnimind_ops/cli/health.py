"""omnimind health: is everything ready? It has its own exit codes: model.health.HealthCode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.cli.options import Config, Json, calling_user, paths, print_note
from omnimind_ops.model.health import HealthCode, Report
from omnimind_ops.model.problem import ExitCode, Problem

if TYPE_CHECKING:
    from omnimind_ops.flows.health import HealthMonitor

INTERVAL = 2.0
PATIENCE = 300.0
"""Seconds that --until waits unless --for sets another limit."""
Tick = Callable[[Report], None]

Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Repeat: full screen on a terminal, otherwise one line per check.")
]
Once = Annotated[bool, typer.Option("--once", help="Check once (default). With --watch: exit after the first check.")]
Until = Annotated[str, typer.Option("--until", help="Repeat until the state is: ready, degraded (or better), down.")]
TimeLimit = Annotated[str, typer.Option("--for", help="Time limit for --until and --watch: 60s, 2m.")]
Interval = Annotated[float, typer.Option("--interval", help="Seconds between checks.")]
MetricsFile = Annotated[
    Path | None, typer.Option("--prom", help="Write metrics to this file for node_exporter's textfile collector.")
]


def command(
    watch: Watch = False,
    once: Once = False,
    until: Until = "",
    for_: TimeLimit = "",
    interval: Interval = INTERVAL,
    prom: MetricsFile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Check every service with a real request.

    Exit codes: 0 ready, 1 critical service down, 2 degraded, 3 starting, 4 not installed.
    """
    from omnimind_ops.flows import health as flow
    from omnimind_ops.settings import load

    is_enough, limit = flow.enough(until), flow.seconds_of(for_) if for_ else None
    _check_options(interval, for_, repeats=bool(until) or watch)
    monitor = flow.monitor(load(config), paths(), live=(watch or bool(until)) and not once)
    if monitor.world.native:
        print_note()
    try:
        if watch and not (json or once) and _is_screen():
            last = _screen(monitor, interval, is_enough, prom, limit)
        else:
            last = _lines(
                monitor,
                interval,
                is_enough,
                prom,
                _limit(watch, once, until, limit),
                shows=_printer(json, watch, until),
            )
    except KeyboardInterrupt:
        raise typer.Exit(int(HealthCode.INTERRUPTED)) from None
    raise typer.Exit(int(last.code if last else HealthCode.STARTING))


def _check_options(interval: float, for_: str, *, repeats: bool) -> None:
    if not 0.1 <= interval <= 3600:
        raise Problem(
            "invalid --interval",
            f"{interval:g} is not between 0.1 and 3600 seconds",
            "give seconds, for example --interval 2",
            code=ExitCode.USAGE,
        )
    if for_ and not repeats:
        raise Problem(
            "cannot use --for", "it needs --until or --watch", "add --until ready, or --watch", code=ExitCode.USAGE
        )


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


def _printer(json: bool, watch: bool, until: str) -> Tick:
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

    return output.screen(check, monitor.logs, lambda name: monitor.restart(name, calling_user()), interval, is_over)


def _export(report: Report, prom: Path | None) -> None:
    if prom:
        from omnimind_ops.flows.health import export
        from omnimind_ops.render.health.text import prometheus

        export(prometheus(report), prom)


def _is_screen() -> bool:
    from omnimind_ops.render.health.output import is_screen

    return is_screen()
