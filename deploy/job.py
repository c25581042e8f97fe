"""One job: a role's stage on this host, prepared (which is the dry run) and, unless dry, executed. Or a survey: many stages, only prepared."""

from __future__ import annotations

import codecs
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

os.environ.setdefault("PYINFRA_PROGRESS", "off")

from pyinfra.api import State
from pyinfra.api.deploy import add_deploy
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.operations import run_ops
from pyinfra.api.output import set_echo
from pyinfra.api.state import StateStage
from pyinfra.connectors import util

from deploy import notes
from deploy.deploy import find
from deploy.inventory import connected
from deploy.look import answer, looking
from omnimind_ops.model.goal import Goal
from omnimind_ops.tools import output

Message = Mapping[str, object]
Say = Callable[[Message], None]
QUIET = ("file copied:",)
"""pyinfra's own remarks among the live lines."""


def run(role: str, stage: str, goal: Goal, dry: bool, say: Say) -> Message:
    """Run it, say each operation as it ends and each line as it comes, and return the job's last message."""
    notes.clear()
    function = find(role, stage)
    state, host = connected()
    state.print_output = not dry
    set_echo(lambda text="", **_: _line(say, host, text))
    util.read_buffer = _read_buffer
    try:
        add_deploy(state, function, goal)
    except PyinfraError as error:
        return _problem(f"cannot {stage} {role}", str(error), [])
    operations = list(state.get_op_order())
    if dry or not any(_change(state, host, one) != "no" for one in operations):
        return _told(state, host, operations, say)
    state.set_stage(StateStage.Execute)
    try:
        for operation in _executed(state, operations):
            changed = state.ops[host][operation].operation_meta.did_change()
            say(_operation(state, operation, "yes" if changed else "no"))
    except PyinfraError as error:
        return _failure(state, host, operations, role, stage, error)
    done = [state.ops[host][one].operation_meta for one in operations]
    return {"kind": "done", "changed": sum(one.did_change() for one in done), "maybe": 0}


def survey(stages: Sequence[tuple[str, str]], goal: Goal) -> Message:
    """Look at everything at once and return how many of `stages` (role, stage), from the first, have nothing to change.

    The same as running them one by one, as long as none changes anything: then nothing that one looks at is another's doing. The first
    that would change something, or fails, ends it; it and what comes after it are to be run.
    """
    notes.clear()
    functions = [find(role, stage) for role, stage in stages]
    with looking() as memory:
        state, host = connected()
        for function in functions:
            with contextlib.suppress(PyinfraError):
                add_deploy(state, function, goal)
        answer(memory, host)
        state, host = connected()
        for settled, function in enumerate(functions):
            try:
                add_deploy(state, function, goal)
            except PyinfraError:  # told by the job itself, when it comes to that
                return {"kind": "done", "settled": settled}
            if any(_change(state, host, one) != "no" for one in state.get_op_order()):
                return {"kind": "done", "settled": settled}
    return {"kind": "done", "settled": len(functions)}


def _executed(state: State, operations: Sequence[str]) -> Iterator[str]:
    """Run all operations, yield each when it has ended. A hook would do, but a bug in a hook is swallowed or kills the run."""
    for operation in operations:
        only = [operation]
        state.get_op_order = lambda only=only: only  # type: ignore[method-assign,misc]
        run_ops(state)
        yield operation


def _told(state: State, host: Host, operations: Sequence[str], say: Say) -> Message:
    changes = [_change(state, host, one) for one in operations]
    for operation, change in zip(operations, changes, strict=True):
        say(_operation(state, operation, change))
    return {"kind": "done", "changed": changes.count("yes"), "maybe": changes.count("maybe")}


def _change(state: State, host: Host, operation: str) -> str:
    """Tell what the preparation says: `_if` is not looked at then, so an operation that has one may or may not change something."""
    meta = state.ops[host][operation]
    if not meta.operation_meta.will_change:
        return "no"
    return "maybe" if meta.global_arguments.get("_if") or notes.is_guess(operation) else "yes"


def _operation(state: State, operation: str, change: str) -> Message:
    title = ", ".join(sorted(state.get_op_meta(operation).names))
    return {"kind": "op", "name": title, "change": change, "lines": [] if change == "no" else notes.lines(operation)}


def _failure(
    state: State, host: Host, operations: Sequence[str], role: str, stage: str, error: PyinfraError
) -> Message:
    """Tell which operation failed and what it printed; pyinfra's exception knows neither."""
    for operation in operations:
        meta = state.ops[host][operation].operation_meta
        if meta.is_complete() and not meta.did_succeed():
            title = ", ".join(state.get_op_meta(operation).names)
            printed = meta._combined_output
            said = [line.line for line in printed.combined_lines] if printed else []
            errors = [line for line in meta.stderr_lines if line.strip()] if printed else []
            return _problem(
                f"cannot {title[:1].lower()}{title[1:]}",
                output.main_line(errors or said) or str(error),
                output.kept(said),
            )
    return _problem(f"cannot {stage} {role}", str(error), [])


def _problem(what: str, why: str, log: Sequence[str]) -> Message:
    fix = "mend the cause and run the same command again: what is already done is kept"
    return {"kind": "problem", "what": what, "why": why, "fix": fix, "log": list(log)}


def _line(say: Say, host: Host, text: object) -> None:
    words = str(text).removeprefix(host.print_prefix)
    if words.strip() and not words.startswith(QUIET):
        say({"kind": "line", "text": words})


def _read_buffer(name: str, io: Any, output_queue: Any, print_output: bool = False, print_func: Any = None) -> None:
    """pyinfra's own, but for bytes that are not UTF-8: there its reader dies, and the operation succeeds with half its output."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    for raw in io:
        line = (raw if isinstance(raw, str) else decode(raw)).rstrip("\n")
        output_queue.put(util.OutputLine(name, line))
        if print_output:
            util.echo(print_func(line) if print_func else line, err=True)
