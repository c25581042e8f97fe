"""Outcome: how a run ended, and the one Problem that explains it."""

from __future__ import annotations

from dataclasses import dataclass

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState


@dataclass(frozen=True)
class NotUndone:
    """A step that could not be undone: its ID, its title, and the reason."""

    step: str
    title: str
    problem: Problem


@dataclass(frozen=True)
class Outcome:
    """Result of apply() and undo().

    `problem` is why apply rolled back; `not_undone` lists the steps to be undone by hand; `refusal` is why nothing was
    undone.
    """

    run: Run
    problem: Problem | None = None
    not_undone: tuple[NotUndone, ...] = ()
    refusal: Problem | None = None

    @property
    def state(self) -> RunState:
        """Return the state of the run."""
        return self.run.state

    def check(self) -> Run:
        """Return the run if all went well, else raise the Problem with the full explanation and its exit code."""
        if self.not_undone:
            raise _not_undone(self)
        if self.problem and self.refusal:
            raise _nothing_undone(self.problem, self.refusal)
        if self.problem:
            raise _rolled_back(self.problem)
        return self.run


def _rolled_back(problem: Problem) -> Problem:
    code = problem.code if problem.code is ExitCode.INTERRUPTED else ExitCode.ROLLED_BACK
    return Problem(problem.what, f"{problem.why}\nAll steps were rolled back.", problem.fix, code=code, log=problem.log)


def _nothing_undone(problem: Problem, refusal: Problem) -> Problem:
    again = f"{problem.fix}, and run the same command again: it resumes where it stopped"
    why = f"{problem.why}\nNothing was rolled back: {refusal.why}"
    return Problem(problem.what, why, f"{again}\n{refusal.fix}", code=refusal.code, log=problem.log)


def _not_undone(outcome: Outcome) -> Problem:
    count = len(outcome.not_undone)
    what = f"cannot undo {count} {'step' if count == 1 else 'steps'} of run {outcome.run.id}"
    causes = [f"{step.title}: {step.problem}" for step in outcome.not_undone]
    if outcome.problem:
        causes.insert(0, f"the rollback started because: {outcome.problem}")
    fixes = [f"{step.title}: {step.problem.fix}" for step in outcome.not_undone]
    again = f"then run `omnimind rollback --run {outcome.run.id}` again; steps already undone stay undone"
    leave = (
        f"or leave what cannot be undone as it is and end the run: omnimind rollback --run {outcome.run.id} --anyway"
    )
    log = tuple(line for step in outcome.not_undone for line in step.problem.log) or (
        outcome.problem.log if outcome.problem else ()
    )
    return Problem(what, "\n".join(causes), "\n".join([*fixes, again, leave]), log=log)
