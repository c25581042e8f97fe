"""Use case: make a native host match its desired state again; a second run changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from omnimind_ops.flows.run_inputs import goal_now
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model.event import StepChanged, Tell
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.plan import Plan, Preview, Step, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes, Run
from omnimind_ops.model.status import Status
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.events import redacting
from omnimind_ops.runner.execution import Handlers
from omnimind_ops.settings import Settings
from omnimind_ops.steps.host import HostStep


def plan() -> Plan:
    """Return the steps of a converge."""
    return migration.converge()


def preview(run: Run, paths: Paths, settings: Settings) -> Iterator[Preview]:
    """Yield what would change on a host that `run` made native; read-only."""
    with handlers(goal_now(run, settings), paths, run.id) as kinds:
        yield from runner.preview(plan(), kinds)


def converge(run: Run, paths: Paths, settings: Settings, tell: Tell) -> int:
    """Converge the host; return how many steps changed something.

    There is no undo: each step sets up the native host's own desired state. All steps are checked together first; the
    steps before the first one with something to do are then done already.
    """
    changed, settled, unsaved, tell = 0, None, MemoryNotes(), redacting(tell)
    with handlers(goal_now(run, settings), paths, run.id) as kinds:
        steps = plan().steps
        for number, step in enumerate(steps):
            tell(StepChanged(step.id, step.title, Status.DOING, step.phase))
            began = time.monotonic()
            try:
                settled = _settled(steps, kinds) if settled is None else settled
                handler = kinds[step.kind]
                memo = Memo(unsaved, step.id, handler.notes)
                did = number >= settled and handler.do(Task.of(step, handler.payload), memo, tell)
            except Problem as problem:
                raise Problem(f"cannot {step.title}", str(problem), problem.fix, log=problem.log) from problem
            changed += did
            seconds = time.monotonic() - began
            tell(StepChanged(step.id, step.title, Status.DONE, step.phase, seconds, did))
    return changed


def _settled(steps: Sequence[Step], kinds: Handlers) -> int:
    host = kinds[HostPayload.kind]
    if not isinstance(host, HostStep) or any(step.kind != HostPayload.kind for step in steps):
        return 0
    return host.count_unchanged([Task.of(step, HostPayload) for step in steps])
