"""omnimind rollback: return to the containers."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, Yes, calling_user, paths, require_confirmation, require_root


def command(
    run: RunId = "",
    yes: Yes = False,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", hidden=True, help="Only if the run is unconfirmed; the timer passes it.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Roll back although containers or their data are gone: start what is left."),
    ] = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Return to the containers and their data. Native services stop; containers start with their old restart policy."""
    require_root("roll back")
    from omnimind_ops.flows import receipt, resolve_run, rollback
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.model.status import RunState
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    unlocked_run = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(unlocked_run, paths(), ENDED, take_over=take_over)
    is_asked = not yes and unlocked_run.state is not RunState.ROLLED_BACK
    if is_asked:  # before the lock: the timer, or another person, may need it while this waits
        rollback.check(unlocked_run, anyway=anyway)
        require_confirmation(
            f"Roll back {unlocked_run.id}? Data written since the cutover is set aside, not copied back.", yes
        )
    with hold(paths().lock, calling_user(), "rollback"), Journal(paths().journal) as journal:
        migration = resolve_run.unchanged(journal, unlocked_run) if is_asked else journal.run(unlocked_run.id)
        if migration.state is RunState.ROLLED_BACK:
            output.message(
                f"{migration.id} is already rolled back; 0 changes", {"run": migration.id, "changes": 0}, json=json
            )
            return
        with choose(json) as show:
            done = rollback.rollback(migration, journal, paths(), show.tell, unconfirmed=unconfirmed, anyway=anyway)
    output.summary(receipt.body(done.run, paths()), json=json)
    done.check()
