"""omnimind down: stop everything; data stays."""

from __future__ import annotations

from omnimind_ops.cli.options import Config, Json, calling_user, paths, print_note, require_root


def command(config: Config = None, json: Json = False) -> None:
    """Stop all services and their processes. Data is kept."""
    from omnimind_ops import world
    from omnimind_ops.flows.down import down
    from omnimind_ops.render import choose
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    system = world.find(load(config), paths())
    if system.native:
        require_root("stop the services")
        print_note()
    with hold(system.lock, calling_user(), "down"), choose(json) as show:
        done = down(system, show.tell)
        unmanaged = f"; not managed by OmniMind, left running: {', '.join(done.unmanaged)}" if done.unmanaged else ""
        text = (
            f"stopped: {', '.join(done.stopped)}{unmanaged}" if done.stopped else f"nothing runs, 0 changes{unmanaged}"
        )
        show.result(
            text,
            {
                "stopped": list(done.stopped),
                "leftover": done.leftover,
                "apart": list(done.unmanaged),
                "changes": len(done.stopped) + done.leftover,
            },
        )
