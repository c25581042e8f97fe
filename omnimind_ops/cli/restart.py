"""omnimind restart: restart services; backends without refusing a request."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, calling_user, paths, require_root


def command(
    service: Annotated[
        list[str] | None, typer.Argument(help="Services, e.g. engine, 8000, backend. Default: all.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Restart services one at a time. Backends restart worker by worker, so that no request fails."""
    from omnimind_ops import world
    from omnimind_ops.flows.restart import restart
    from omnimind_ops.flows.unfinished import refuse_beside_migration
    from omnimind_ops.planning.run_cells import Trigger
    from omnimind_ops.render import choose
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    system = world.find(load(config), paths())
    if system.native:
        require_root("restart the services")
    with hold(system.lock, calling_user(), f"restart {' '.join(service or ())}".strip()), choose(json) as show:
        if system.native:
            refuse_beside_migration(paths(), Trigger.RESTART, "restart the services now")
        done = restart(system, service or (), show.tell)
        show.result(f"restarted: {', '.join(done)}", {"restarted": list(done), "changes": len(done)})
