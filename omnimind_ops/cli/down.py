"""omnimind down: stop everything; data stays."""

from __future__ import annotations

from omnimind_ops.cli.options import Config, Json, need_root, paths, who


def command(config: Config = None, json: Json = False) -> None:
    """Stop all services and their processes. Data is kept."""
    from omnimind_ops import world
    from omnimind_ops.flows.down import down
    from omnimind_ops.render import choose
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    found = world.find(load(config), paths())
    if found.native:
        need_root("stop the services")
    with hold(found.lock, who(), "down"), choose(json) as show:
        done = down(found, show.tell)
        apart = f"; not ours, left running: {', '.join(done.apart)}" if done.apart else ""
        text = f"stopped: {', '.join(done.stopped)}{apart}" if done.stopped else f"nothing runs, 0 changes{apart}"
        show.result(
            text,
            {
                "stopped": list(done.stopped),
                "leftover": done.leftover,
                "apart": list(done.apart),
                "changes": len(done.stopped) + done.leftover,
            },
        )
