"""omnimind up: start everything and prove that it works, natively or, if nothing is installed, embedded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, Yes, calling_user, paths, require_confirmation, require_root
from omnimind_ops.model.problem import ExitCode, Problem

DEGRADED = 2
"""As in `omnimind health`: it works, but not fully."""


def command(
    free_ports: Annotated[
        bool,
        typer.Option("--free-ports", help="Use and remember another port where one is taken (embedded only)."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Move the old data aside and start empty (embedded only). Asks first.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Start all services and wait until each one answers.

    Where OmniMind is not installed, it runs embedded and needs no root.
    """
    from omnimind_ops.flows import up
    from omnimind_ops.render import choose, service_output
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    settings, host_paths, environment = load(config), paths(), _environment(config)
    if up.is_native(host_paths):
        if fresh or free_ports:
            raise Problem(
                "cannot use --fresh or --free-ports",
                "they apply to an embedded system only; this system is native",
                "omit them",
                code=ExitCode.USAGE,
            )
        require_root("start the services")
    if fresh:
        require_confirmation("Stop OmniMind and start without its data? The data is moved aside, not deleted.", yes)
    with hold(up.lock_of(host_paths, environment), calling_user(), "up"), choose(json) as show:
        if fresh:
            up.set_data_aside(settings, host_paths, show.tell, environment)
        done = up.up(settings, host_paths, show.tell, free_ports=free_ports, environment=environment)
        show.result(service_output.up_text(done), service_output.up_data(done))
    if str(done.report.state) == "degraded":
        raise typer.Exit(DEGRADED)


def _environment(config: Path | None) -> dict[str, str]:
    """Return the environment for child processes.

    They run in another folder, so the path of a settings file is made absolute.
    """
    environment = dict(os.environ)
    if config_file := str(config or environment.get("OMNIMIND_CONFIG", "")):
        environment["OMNIMIND_CONFIG"] = str(Path(config_file).absolute())
    return environment
