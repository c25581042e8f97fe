"""Outcome: how a run ended, and the one Problem that explains it."""

from __future__ import annotations

from dataclasses import dataclass

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState


@dataclass(frozen=True)
class Left:
    """A step that could not be undone: its ID, its title, and the reason."""

    step: str
    title: str
    problem: Problem


@dataclass(frozen=True)
class Outcome:
    """Result of apply() and undo().

    `problem` is why apply rolled back; `left` lists the steps to be undone by hand; `refusal` is why nothing was undone.
    """

    run: Run
    problem: Problem | None = None
    left: tuple[Left, ...] = ()
    refusal: Problem | None = None

    @property
    def state(self) -> RunState:
        """Return the state of the run."""
        return self.run.state

    def check(self) -> Run:
        """Return the run if all went well, else raise the Problem with the full explanation and its exit code."""
        if self.left:
            raise _left_over(self)
        if self.problem and self.refusal:
            raise _stayed(self.problem, self.refusal)
        if self.problem:
            raise _went_back(self.problem)
        return self.run


def _went_back(problem: Problem) -> Problem:
    code = problem.code if problem.code is ExitCode.INTERRUPTED else ExitCode.ROLLED_BACK
    return Problem(
        problem.what, f"{problem.why}\nEverything done was taken back.", problem.fix, code=code, log=problem.log
    )


def _stayed(problem: Problem, refusal: Problem) -> Problem:
    again = f"{problem.fix}, and run the same command again: it goes on where it stopped"
    why = f"{problem.why}\nNothing was rolled back: {refusal.why}"
    return Problem(problem.what, why, f"{again}\n{refusal.fix}", code=refusal.code, log=problem.log)


def _left_over(outcome: Outcome) -> Problem:
    count = len(outcome.left)
    what = f"cannot take back {count} {'step' if count == 1 else 'steps'} of run {outcome.run.id}"
    causes = [f"{left.title}: {left.problem}" for left in outcome.left]
    if outcome.problem:
        causes.insert(0, f"it went back because of this: {outcome.problem}")
    fixes = [f"{left.title}: {left.problem.fix}" for left in outcome.left]
    again = f"then run `omnimind rollback --run {outcome.run.id}` again; what is already taken back stays so"
    log = tuple(line for left in outcome.left for line in left.problem.log) or (
        outcome.problem.log if outcome.problem else ()
    )
    return Problem(what, "\n".join(causes), "\n".join([*fixes, again]), log=log)
