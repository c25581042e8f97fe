"""Commands that complete a run hand it over to the version that started it, if that is another one."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from omnimind_ops.model.code import started_by
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths

TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over",
        help="Let this version finish a run that another version started. Use it only if that version is gone.",
    ),
]
MARK = "OMNIMIND_HANDED_OVER"


def hand_over(run: Run | None, paths: Paths, ended: frozenset[RunState], *, take_over: bool) -> None:
    """Replace this process by the command that started an open run.

    Returns if this version started it, the run has `ended`, or this version takes over.
    """
    from omnimind_ops.flows import handover
    from omnimind_ops.runner import copies

    if lost := copies.missing(paths.journal):
        sys.stderr.write(f"{lost.why}; it is restored from the copies of its runs beside the receipts\n")
    if run is None or take_over or run.state in ended or handover.is_ours(run):
        return
    program = handover.command_of(run, paths)
    if os.environ.get(MARK) == run.id:
        raise Problem(
            f"cannot continue run {run.id}",
            f"{program} is no longer the code that started it",
            "let this version continue it: add --take-over",
        )
    sys.stderr.write(f"omnimind {started_by(run).version} started run {run.id} and continues it: {program}\n")
    sys.stderr.flush()
    os.execve(program, [str(program), *sys.argv[1:]], {**os.environ, MARK: run.id})  # noqa: S606 no shell is the point
