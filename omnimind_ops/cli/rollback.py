"""omnimind rollback: return to the containers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Json, RunId, Yes, calling_user, paths, require_confirmation, require_root
from omnimind_ops.model.since import Part

if TYPE_CHECKING:
    from omnimind_ops.model.run import Run


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
    with_data: Annotated[
        bool,
        typer.Option("--with-data", help="First carry what was written since the cutover back into the old stores."),
    ] = False,
    leave: Annotated[
        list[Part] | None,
        typer.Option("--leave", help="With --with-data: leave this part behind (redis, qdrant, uploads). Repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what was written, and with --with-data how it is carried back.")
    ] = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Return to the containers and their data. Native services stop; containers start with their old restart policy."""
    require_root("roll back")
    from omnimind_ops.flows import carry, receipt, resolve_run, rollback, since
    from omnimind_ops.flows.handover import ENDED
    from omnimind_ops.model.status import RunState
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    unlocked_run = resolve_run.migration(History(paths().journal), run)  # a host without a journal does not get one
    hand_over(unlocked_run, paths(), ENDED, take_over=take_over)
    asked = Asked(with_data, tuple(leave or ()), dry_run)
    is_asked = (dry_run or not yes) and unlocked_run.state is not RunState.ROLLED_BACK
    if is_asked:  # before the lock: the timer, or another person, may need it while this waits
        rollback.check(unlocked_run, anyway=anyway)
        if not _agreed(unlocked_run, asked, yes=yes, json=json):
            return
    with hold(paths().lock, calling_user(), "rollback"), Journal(paths().journal) as journal:
        migration = resolve_run.unchanged(journal, unlocked_run) if is_asked else journal.run(unlocked_run.id)
        if migration.state is RunState.ROLLED_BACK:
            output.message(
                f"{migration.id} is already rolled back; 0 changes", {"run": migration.id, "changes": 0}, json=json
            )
            return
        with choose(json) as show:
            carry.settle(migration, journal, paths(), show.tell)
            came = since.since(migration, paths())
            if not is_asked:
                output.since(came, json=json)
            receipt.keep_beside(migration, "since", since.as_json(came), paths(), show.tell)
            if with_data:
                prepared = carry.prepare(migration, asked.leave, paths(), show.tell)
                carry.carry(migration, prepared, journal, paths(), show.tell)
            done = rollback.rollback(migration, journal, paths(), show.tell, unconfirmed=unconfirmed, anyway=anyway)
    output.summary(receipt.body(done.run, paths()), json=json)
    done.check()


@dataclass(frozen=True)
class Asked:
    """What to do with what was written since the cutover."""

    with_data: bool
    leave: tuple[Part, ...]
    dry_run: bool


def _agreed(migration: Run, asked: Asked, *, yes: bool, json: bool) -> bool:
    """Show what was written since the cutover, and what becomes of it; return whether to go on."""
    from omnimind_ops.flows import carry, since
    from omnimind_ops.render.run import output

    came = since.since(migration, paths())
    output.since(came, json=json)
    if asked.with_data:
        prepared = carry.prepare(migration, asked.leave, paths(), lambda _: None)
        output.previews(prepared.plan, carry.preview(prepared, paths()), json=json)
    if asked.dry_run:
        return False
    require_confirmation(since.question(migration, came, with_data=asked.with_data), yes)
    return True
