"""omnimind runs: the journal, readable."""

from __future__ import annotations

from omnimind_ops.cli.options import Json, paths


def command(json: Json = False) -> None:
    """List what was run on this host, newest first."""
    from omnimind_ops.engine.history import History
    from omnimind_ops.render import show_plan

    show_plan.runs(History(paths().journal).runs(), json=json)
