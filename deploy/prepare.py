"""Preparation: what stages would change on this host, which is the dry run.

Facts are read in batches, so this takes a few shells, not one per fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pyinfra.api import Host, State
from pyinfra.api.deploy import add_deploy
from pyinfra.api.exceptions import PyinfraError
from pyinfra.context import ctx_host, ctx_state

from deploy.batch import Batch
from deploy.connector import Machine, execute
from deploy.inventory import connect
from deploy.notes import Notes, describe
from omnimind_ops.model.goal import Goal

Stage = Callable[[Goal], None]


@dataclass
class Prepared:
    """A stage's operations in order, ready to run; `error` is the reason if they cannot be prepared."""

    state: State
    host: Host
    operations: list[str]
    notes: Notes
    error: PyinfraError | None = None

    def change(self, operation: str) -> str:
        """Return yes, no or maybe.

        `_if` is not evaluated in preparation, so an operation that has one may or may not change something.
        """
        meta = self.state.ops[self.host][operation]
        if not meta.operation_meta.will_change:
            return "no"
        return "maybe" if meta.global_arguments.get("_if") or operation in self.notes.guesses else "yes"

    @property
    def is_settled(self) -> bool:
        """Return whether nothing needs to change."""
        return self.error is None and all(self.change(operation) == "no" for operation in self.operations)

    def title(self, operation: str) -> str:
        """Return an operation's name."""
        return ", ".join(sorted(self.state.get_op_meta(operation).names))

    def lines(self, operation: str) -> list[str]:
        """Return the description of an operation's changes."""
        if self.change(operation) == "no":
            return []
        if operation in self.notes.lines:
            return self.notes.lines[operation]
        with ctx_state.use(self.state), ctx_host.use(self.host):
            return describe(self.state.ops[self.host][operation].command_generator(), self.host)


def prepare(stages: Sequence[Stage], goal: Goal) -> list[Prepared]:
    """Return what each stage would change.

    Stages are prepared in rounds: a stage that asks for facts is prepared again once they are read.
    """
    batch, done = Batch(), dict[int, Prepared]()
    while len(done) < len(stages):
        state, host = connect(partial(Machine, batch=batch))
        with Notes(host) as notes:
            for number, stage in enumerate(stages):
                if number not in done and (prepared := _prepare(stage, goal, state, host, notes, batch)):
                    done[number] = prepared
        batch.answer(_execute)
    batch.is_closed = True
    return [done[number] for number in range(len(stages))]


def _prepare(stage: Stage, goal: Goal, state: State, host: Host, notes: Notes, batch: Batch) -> Prepared | None:
    """Prepare one stage; return None if it asked for facts that are not known yet."""
    before, unanswered, error = len(host.op_hash_order), batch.unanswered, None
    try:
        add_deploy(state, stage, goal)
    except PyinfraError as problem:
        error = problem
    except Exception:  # an operation may fail on an answer that is not there yet
        if batch.unanswered == unanswered:
            raise
    if batch.unanswered > unanswered:
        return None
    return Prepared(state, host, host.op_hash_order[before:], notes, error)


def _execute(command: str, stdin: str) -> tuple[int, list[str]]:
    status, lines = execute(command, stdin)
    return status, [line.line for line in lines if line.buffer_name == "stdout"]
