"""omnimind finish: delete what was kept for a rollback; asks first."""

from __future__ import annotations

from omnimind_ops.cli.by_its_own import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, Yes, need_root, paths, sure, who


def command(run: RunId = "", yes: Yes = False, take_over: TakeOver = False, json: Json = False) -> None:
    """Delete the old stack: its containers, their anonymous volumes and the parked data. This cannot be undone."""
    need_root("finish")
    from omnimind_ops.flows import finish, resolve_run
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    begun = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(begun, paths(), ENDED, take_over=take_over)
    with hold(paths().lock, who(), "finish"), Journal(paths().journal) as journal:
        found = resolve_run.migration(journal, run)
        left = finish.leftovers(found, paths())
        output.leftovers(left, json=json)
        sure("Delete these for good?", yes)
        with choose(json) as show:
            done = finish.finish(found, left, journal, paths(), show.tell)
    output.message(f"{done.id} is finished", {"run": done.id, "state": str(done.state)}, json=json)
