"""omnimind runs [RUN]: the journal for people: migrations, and the guard's recoveries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.options import Json, paths, print_note


def command(
    run: Annotated[str, typer.Argument(help="Run id: show its events.")] = "",
    json: Json = False,
) -> None:
    """List migrations and recoveries, newest first."""
    from omnimind_ops.render.run import log, output
    from omnimind_ops.runner.history import History

    history = History(_journal())
    print_note()
    if run:
        log.events(history.run(run), history.events(run), json=json)
    else:
        output.runs(history.runs(), json=json)


def _journal() -> Path:
    """Return this host's journal; if there is none, that of this user's embedded system."""
    from omnimind_ops import world
    from omnimind_ops.model.problem import Problem
    from omnimind_ops.runner import copies
    from omnimind_ops.settings import load

    host = paths().journal
    if host.exists() or copies.missing(host):
        return host
    try:
        return world.find(load(), paths()).journal
    except Problem:
        return host
