"""omnimind resume: complete a migration or rollback that was cut off."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, calling_user, paths, require_root


def command(
    run: RunId = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Confirm a migration that it completes.")] = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Complete a migration or rollback that was cut off, in the direction that loses nothing. Runs at boot by itself.

    Before the cutover nothing is cut off: the containers serve, and `omnimind migrate` continues.
    """
    require_root("resume")
    from omnimind_ops.flows import resolve_run, resume
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    unlocked_run = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(unlocked_run, paths(), ENDED, take_over=take_over)
    with hold(paths().lock, calling_user(), "resume"), Journal(paths().journal) as journal:
        migration = resolve_run.migration(journal, run)
        is_cut = resume.is_cut(migration, journal)
        with choose(json) as show:
            done = resume.resume(migration, journal, paths(), show.tell, yes=yes)
    if not is_cut:
        text = f"run {done.run.id} is {done.state}: there is nothing to complete; 0 changes"
        output.message(text, {"run": done.run.id, "state": str(done.state), "changes": 0}, json=json)
        return
    done.check()
    output.message(f"run {done.run.id} is {done.state}", {"run": done.run.id, "state": str(done.state)}, json=json)
