"""One job: a role's stage on this host, prepared (the dry run) and, unless dry, executed.

A survey prepares many stages and executes none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

os.environ.setdefault("PYINFRA_PROGRESS", "off")

from pyinfra.api import BaseStateCallback, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operations import run_ops
from pyinfra.api.output import set_echo
from pyinfra.api.state import StateStage

from deploy.connector import Machine
from deploy.deploy import find
from deploy.notes import Notes
from deploy.prepare import Prepared, prepare
from omnimind_ops.model.goal import Goal
from omnimind_ops.tools import output

Message = Mapping[str, object]
Report = Callable[[Message], None]


class OperationCallback(BaseStateCallback):
    """Reports each operation that succeeded, by its hash."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Called by pyinfra."""
        del state
        self.report(op_hash)


def run(role: str, stage: str, goal: Goal, dry: bool, report: Report) -> Message:
    """Run the stage, report each operation and each line as it comes, and return the job's last message."""
    (prepared,) = prepare([find(role, stage)], goal)
    if prepared.error:
        return _problem(f"cannot {stage} {role}", str(prepared.error), [])
    if dry or prepared.is_settled:
        return _preview(prepared, report)
    try:
        return _execute(prepared, report)
    except PyinfraError as error:
        return _failure(prepared, role, stage, error)


def survey(stages: Sequence[tuple[str, str]], goal: Goal) -> Message:
    """Prepare all stages at once and return how many of them, from the first one, need no change.

    `stages` are (role, stage). The result equals that of running them one by one as long as none changes anything,
    because no stage then depends on an earlier one's changes. The count stops at the first stage that would change
    something or fails; that one and all later ones must be run.
    """
    prepared = prepare([find(role, stage) for role, stage in stages], goal)
    settled = next((number for number, stage in enumerate(prepared) if not stage.is_settled), len(stages))
    return {"kind": "done", "settled": settled}


def _preview(prepared: Prepared, report: Report) -> Message:
    changes = [prepared.change(operation) for operation in prepared.operations]
    for operation, change in zip(prepared.operations, changes, strict=True):
        report({"kind": "op", "name": prepared.title(operation), "change": change, "lines": prepared.lines(operation)})
    return {"kind": "done", "changed": changes.count("yes"), "maybe": changes.count("maybe")}


def _execute(prepared: Prepared, report: Report) -> Message:
    state, lines = prepared.state, {operation: prepared.lines(operation) for operation in prepared.operations}
    changed = 0

    def ended(operation: str) -> None:
        nonlocal changed
        did = state.ops[prepared.host][operation].operation_meta.did_change()
        changed += did
        shown = (notes.lines.get(operation) or lines[operation]) if did else []
        report({"kind": "op", "name": prepared.title(operation), "change": "yes" if did else "no", "lines": shown})

    def line(text: object = "", **_: Any) -> None:
        if str(text).strip():
            report({"kind": "line", "text": str(text)})

    state.add_callback_handler(OperationCallback(ended))
    state.print_output = True
    set_echo(line)
    state.set_stage(StateStage.Execute)
    with Notes(prepared.host) as notes:
        run_ops(state)
    return {"kind": "done", "changed": changed, "maybe": 0}


def _failure(prepared: Prepared, role: str, stage: str, error: PyinfraError) -> Message:
    """Return the problem of the failed operation with its output; pyinfra's exception has neither."""
    for operation in prepared.operations:
        meta = prepared.state.ops[prepared.host][operation].operation_meta
        if meta.is_complete() and not meta.did_succeed():
            title, connector = prepared.title(operation), prepared.host.connector
            last = connector.last if isinstance(connector, Machine) else []
            errors = [line.line for line in last if line.buffer_name == "stderr" and line.line.strip()]
            printed = [line.line for line in last]
            why = output.main_line(errors or printed) or str(error)
            return _problem(f"cannot {title[:1].lower()}{title[1:]}", why, output.last_lines(printed))
    return _problem(f"cannot {stage} {role}", str(error), [])


def _problem(title: str, why: str, log: Sequence[str]) -> Message:
    fix = "fix the cause and run the same command again: completed work is kept"
    return {"kind": "problem", "what": title, "why": why, "fix": fix, "log": list(log)}
