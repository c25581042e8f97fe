"""The nouns: Copy, an equal copy in a store that the product has just compared; Mutation, one thing done to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Protocol

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import VerifyNotes
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.verify import VerifyStep


class Copy(Protocol):
    """A copy. `verify` compares it as a migration does, and raises Problem when it differs."""

    mutations: Mapping[str, Callable[[random.Random], object]]

    def prepare(self, chance: random.Random) -> None:
        """Make source and copy anew."""

    def verify(self) -> None:
        """Compare."""


def verify(payload: VerifyPayload, goal: Goal, notes: MemoryNotes, password: str = "") -> None:
    """Run the product's step."""
    in_no_unit = lambda goal, services: None  # noqa: E731 ARG005 these servers are the test's own
    step = VerifyStep(goal, lambda: Credentials(password, "", ""), in_no_unit)
    step.do(Task("verify", payload), Memo(notes, "verify", VerifyNotes), lambda event: None)


def is_noticed(copy: Copy) -> Problem | None:
    """Return what `verify` says of a difference; None when it accepts the copy."""
    try:
        copy.verify()
    except Problem as problem:
        if not problem.what.startswith("cannot accept the native"):
            raise
        return problem
    return None
