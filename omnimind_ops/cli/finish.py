"""omnimind finish: delete what was kept for a rollback; asks first."""

from __future__ import annotations

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, Yes, calling_user, paths, require_confirmation, require_root


def command(run: RunId = "", yes: Yes = False, take_over: TakeOver = False, json: Json = False) -> None:
    """Delete the old containers, the volumes whose data was moved, and the parked data. This cannot be undone."""
    require_root("finish")
    from omnimind_ops.flows import finish, resolve_run
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    unlocked_run = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(unlocked_run, paths(), ENDED, take_over=take_over)
    with hold(paths().lock, calling_user(), "finish"):
        left = finish.leftovers(unlocked_run, paths(), resolve_run.rolled_back(History(paths().journal)))
    output.leftovers(left, json=json)
    if any((left.containers, left.volumes, left.folders)):
        require_confirmation("Delete these permanently?", yes)  # others may use the lock while this waits
    with hold(paths().lock, calling_user(), "finish"), Journal(paths().journal) as journal:
        migration = resolve_run.unchanged(journal, unlocked_run)
        with choose(json) as show:
            done = finish.finish(migration, left, journal, paths(), show.tell)
    output.message(f"{done.id} is {done.state}", {"run": done.id, "state": str(done.state)}, json=json)
