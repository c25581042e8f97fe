"""omnimind doctor: only the checks that migrate makes first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, ForceOs, Ignore, Json, paths, with_options


def command(
    path: Annotated[
        Path | None, typer.Argument(help="Compose file or its folder, if several projects run here.")
    ] = None,
    project: Annotated[str, typer.Option("--project", help="Name of the Compose project.")] = "",
    wheelhouse: Annotated[Path | None, typer.Option("--wheelhouse", help="Folder of wheels for the migration.")] = None,
    config: Config = None,
    ignore: Ignore = None,
    force_os: ForceOs = False,
    json: Json = False,
) -> None:
    """Check whether this host can be migrated. Read-only. Exit code 1 if a check fails."""
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.flows.migrate_options import MigrateOptions
    from omnimind_ops.planning import preflight
    from omnimind_ops.render.run import output
    from omnimind_ops.settings import load

    prepared = flow.prepare(
        MigrateOptions(project, path),
        with_options(load(config), wheelhouse=wheelhouse),
        paths(),
        frozenset(ignore or ()),
        force_os,
    )
    output.checks(prepared.checks, json=json)
    preflight.refuse(prepared.checks)
