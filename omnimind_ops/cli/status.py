"""omnimind status: what runs."""

from __future__ import annotations

import typer

from omnimind_ops.cli.options import Config, Json, paths


def command(config: Config = None, json: Json = False) -> None:
    """Show running services, their uptime and memory. Sends no requests: see `omnimind health`. Same exit codes."""
    from omnimind_ops import world
    from omnimind_ops.flows import status
    from omnimind_ops.render import service_output
    from omnimind_ops.settings import load

    system = world.find(load(config), paths())
    rows = status.status(system)
    service_output.status(rows, str(system.mode), json=json)
    raise typer.Exit(int(status.code(rows)))
