"""omnimind restart: restart services; backends without refusing a request."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, need_root, paths, who


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
    from omnimind_ops.render import choose
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    found = world.find(load(config), paths())
    if found.native:
        need_root("restart the services")
    with hold(found.lock, who(), f"restart {' '.join(service or ())}".strip()), choose(json) as show:
        done = restart(found, service or (), show.tell)
        show.result(f"restarted: {', '.join(done)}", {"restarted": list(done), "changes": len(done)})
