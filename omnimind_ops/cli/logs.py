"""omnimind logs: output of the services."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, paths

LINES = 50


def command(
    service: Annotated[
        list[str] | None,
        typer.Argument(help="Services or processes; `startup` is the startup log. Default: all."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow new output.")] = False,
    since: Annotated[str, typer.Option("--since", help='Start at this time: "10m", "2h", "2026-11-25 14:00".')] = "",
    lines: Annotated[
        int | None,
        typer.Option("--lines", "-n", min=0, help=f"Number of lines. Default: {LINES}, or all with --since."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show service logs, oldest entries first."""
    import time

    from omnimind_ops import world
    from omnimind_ops.flows import logs
    from omnimind_ops.render import service_output
    from omnimind_ops.settings import load

    system = world.find(load(config), paths())
    names, since_time = logs.names(system, service or ()), logs.parse_since(since, time.time())
    count = lines if lines is not None else 0 if since_time is not None else LINES
    with_names = len(names) > 1
    if count or lines is None:
        service_output.logs(logs.lines(system, names, count, since_time), named=with_names, json=json)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):
            service_output.logs(logs.follow_lines(system, names), named=with_names, json=json)
