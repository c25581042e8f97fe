"""omnimind rollback: return to the containers."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.by_its_own import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, Yes, need_root, paths, sure, who


def command(
    run: RunId = "",
    yes: Yes = False,
    unconfirmed: Annotated[
        bool, typer.Option("--unconfirmed", hidden=True, help="Only when nobody confirmed it; the timer asks so.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Roll back although containers or their data are gone: start what is left."),
    ] = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Return to the containers and their data. Native services stop; containers start with their old restart policy."""
    need_root("roll back")
    from omnimind_ops.flows import resolve_run, rollback
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.flows.receipt import read
    from omnimind_ops.model.status import RunState
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import held

    begun = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(begun, paths(), ENDED, take_over=take_over)
    with held(paths().lock, who(), "rollback"), Journal(paths().journal) as journal:
        found = resolve_run.migration(journal, run)
        if found.state is RunState.ROLLED_BACK:
            output.said(f"{found.id} is rolled back already; 0 changes", {"run": found.id, "changes": 0}, json=json)
            return
        if not yes:
            rollback.check(found, anyway=anyway)
        sure(f"Go back from {found.id}? What was written since the cutover stays aside, it is not copied back.", yes)
        with choose(json) as show:
            done = rollback.rollback(found, journal, paths(), show.tell, unconfirmed=unconfirmed, anyway=anyway)
    output.summary(read(done.run.id, paths()), json=json)
    done.check()
