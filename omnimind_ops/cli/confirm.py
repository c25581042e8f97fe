"""omnimind confirm: accept the migration and cancel the automatic rollback."""

from __future__ import annotations

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, calling_user, paths, require_root


def command(run: RunId = "", take_over: TakeOver = False, json: Json = False) -> None:
    """Confirm a migration and cancel its automatic rollback."""
    require_root("confirm")
    from omnimind_ops.flows import confirm, resolve_run
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    unlocked_run = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(unlocked_run, paths(), ENDED, take_over=take_over)
    with hold(paths().lock, calling_user(), "confirm"), Journal(paths().journal) as journal:
        done = confirm.confirm(resolve_run.migration(journal, run), journal, paths())
    output.message(
        f"{done.id} is confirmed; `omnimind rollback` is possible until `omnimind finish`",
        {"run": done.id, "state": str(done.state)},
        json=json,
    )
