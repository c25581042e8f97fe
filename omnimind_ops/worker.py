"""The child process that runs pyinfra: it reads jobs from stdin and writes messages to stdout, as JSON lines.

In:  {"role": "redis", "stage": "install", "goal": {…}, "dry": false}, one after another; end of input ends the worker.
     {"survey": [[role, stage], …], "goal": {…}}: how many of the first of these have nothing to change.
Out: {"kind": "op", "name", "change": yes|no|maybe, "lines"}, {"kind": "line", "text"}, and to end each job either
     {"kind": "done", "changed", "maybe"} (of a survey: "settled") or {"kind": "problem", "what", "why", "fix", "log"}.

pyinfra needs gevent's loop in the main thread and prints to stdout, so it has its own process (DESIGN section 7). The
parent starts it in its own session; the whole process group ends on request, or when the parent dies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping

from omnimind_ops.model.goal import goal_of, unknown_keys
from omnimind_ops.tools import index
from omnimind_ops.tools.parent import end_with_parent

GRACE_SECONDS = 5.0
LOG_LINES = 20
Say = Callable[[Mapping[str, object]], None]


def main() -> int:
    """Serve jobs until stdin ends."""
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    _die_with_parent()
    os.environ.update(index.environment(os.environ))

    def say(message: Mapping[str, object]) -> None:
        out.write(json.dumps(message, ensure_ascii=True) + "\n")
        out.flush()

    try:
        for line in sys.stdin:
            if line.strip():
                _serve(line, say)
    except BrokenPipeError:
        _end_group()
    return 0


def _serve(line: str, say: Say) -> None:
    from deploy import job

    try:
        message = json.loads(line)
        if unknown := unknown_keys(message["goal"]):
            raise TypeError(f"a Goal has no {', '.join(unknown)}")
        goal = goal_of(message["goal"], "the job")
        if "survey" in message:
            result = job.survey([(role, stage) for role, stage in message["survey"]], goal)
        else:
            result = job.run(message["role"], message["stage"], goal, bool(message.get("dry")), say)
    except (ValueError, KeyError, TypeError) as error:
        _problem(
            say,
            "cannot read the job",
            f"{type(error).__name__}: {error}",
            "this is a bug in omnimind: please report it",
        )
    except Exception as error:
        # Any error inside pyinfra belongs to this job; the next one gets a fresh State.
        _problem(
            say,
            f"cannot run {message.get('role', 'a survey')} {message.get('stage', '')}".rstrip(),
            f"{type(error).__name__}: {error}",
            "read the traceback below",
        )
    else:
        say(result)


def _problem(say: Say, what: str, why: str, fix: str) -> None:
    say(
        {
            "kind": "problem",
            "what": what,
            "why": why,
            "fix": fix,
            "log": traceback.format_exc().splitlines()[-LOG_LINES:],
        }
    )


def _die_with_parent() -> None:
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda _number, _frame: _end_group())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    if not end_with_parent(parent, signal.SIGTERM):
        _end_group()


def _end_group() -> None:
    """End this process and all it started: SIGTERM first, so that a shell's `trap` can clean up."""
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE_SECONDS if _has_children() else 0)
        os.killpg(0, signal.SIGKILL)
    os._exit(143)


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
