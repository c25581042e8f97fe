"""omnimind migrate --at: the planned cutover, and what its timer calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from omnimind_ops.cli.options import paths
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run

if TYPE_CHECKING:
    from omnimind_ops.model.event import Tell
    from omnimind_ops.runner.journal import Journal


def time(at: str, postpone: bool) -> datetime:
    """Return the time of --at; raise Problem for anything that is none."""
    from omnimind_ops.planning.moment import moment

    if postpone:
        why = "--at plans the cutover, --postpone leaves it to you"
        raise Problem("cannot do both", why, "use one of --at and --postpone", code=ExitCode.USAGE)
    return moment(at, datetime.now(UTC))


def check_plannable(run: Run | None) -> None:
    """Raise Problem if the run's cutover has begun."""
    from omnimind_ops.flows import planned

    planned.check_plannable(run)


def plan(run: Run, at: datetime, journal: Journal, tell: Tell, *, confirmed: bool) -> None:
    """Start the timer of the cutover, and say what happens then and until then."""
    from omnimind_ops.flows import planned
    from omnimind_ops.model.event import warning

    planned.plan(run, at, planned.words_of(sys.argv[1:]), journal, paths(), tell)
    if not confirmed:
        minutes = run.setup.get("confirm_minutes")
        text = f"run `omnimind confirm` within {minutes} min after the cutover, or it is rolled back"
        tell(warning(f"{text} (--yes confirms at once if all data is equal; --confirm-minutes gives more time)"))
    tell(warning(f"until then the containers serve; to {planned.again(run)}"))


def is_due(run: Run | None, id: str, *, json: bool) -> bool:
    """Return whether the cutover may begin; raise Problem if it is too late for it."""
    from omnimind_ops.flows import planned
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.journal import Journal

    with Journal(paths().journal) as journal, choose(json) as show:
        is_due = planned.is_due(run, id, journal, paths(), show.tell)
    if not is_due:
        output.message(f"the cutover of run {id} is not due; 0 changes", {"run": id, "changes": 0}, json=json)
    return is_due


@contextmanager
def announcing(planned: str) -> Iterator[None]:
    """Tell the people on this machine how the planned cutover of a run ended; "" for a command of a person."""
    if not planned:
        yield
        return
    from omnimind_ops.tools.announce import announce

    try:
        yield
    except Problem as problem:
        if problem.code is not ExitCode.BUSY:  # systemd tries again
            announce(f"OmniMind: the planned cutover of {planned} did not take place: {problem.why}\n{problem.fix}")
        raise
    except typer.Exit as done:
        if done.exit_code == ExitCode.UNCONFIRMED:
            announce(f"OmniMind: the planned cutover of {planned} is done. Run `omnimind confirm` to keep it.")
        raise
