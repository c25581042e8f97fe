"""The Typer application: every command's file, in the order of --help.

Commands import their flow only when they run, so that --help stays fast.
"""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops import __version__
from omnimind_ops.cli import (
    bench,
    confirm,
    converge,
    doctor,
    down,
    finish,
    guard,
    health,
    logs,
    migrate,
    receipt,
    restart,
    resume,
    rollback,
    runs,
    status,
    up,
    user,
    wheelhouse,
)
from omnimind_ops.cli import open as open_

app = typer.Typer(
    name="omnimind",
    help="Move a host from Docker Compose to native systemd services, data included, in one reversible step.",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich for --help takes about 0.3 s
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"omnimind {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Move a host from Docker Compose to native systemd services, data included, in one reversible step."""


for name, module in (
    ("up", up),
    ("down", down),
    ("restart", restart),
    ("status", status),
    ("health", health),
    ("logs", logs),
    ("open", open_),
    ("doctor", doctor),
    ("migrate", migrate),
    ("confirm", confirm),
    ("rollback", rollback),
    ("resume", resume),
    ("finish", finish),
    ("converge", converge),
    ("runs", runs),
    ("receipt", receipt),
    ("guard", guard),
    ("wheelhouse", wheelhouse),
):
    app.command(name)(module.command)
app.add_typer(user.app, name="user")
app.add_typer(bench.app, name="bench")
