"""The child process: runs circuits, one message after the other, until its input closes. Only process.py starts it."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from backend.engine.quantum.wire import Message, pack, read
from backend.http.errors import ApiProblem
from omnimind_ops.tools.parent import end_with_parent

NICE = 5
OOM_SCORE = 300  # above the engine's own score: the kernel kills this process, not the embedding

Act = Callable[[Message], Message]


def main() -> None:
    """Serve until the engine closes the input or dies."""
    # The kernel kills this process when the engine ends, even in the middle of a simulation.
    if not end_with_parent(int(sys.argv[1]), signal.SIGKILL):
        os._exit(0)
    libc = ctypes.CDLL(None, use_errno=True)
    _step_back()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # library output goes to the log, not between the answers
    try:
        from backend.engine.quantum.simulate import Simulator

        simulator = Simulator(int(os.environ.get("OMP_NUM_THREADS", "1")))
    except Exception as error:  # report a broken installation, instead of an exit code alone
        _send(answers, {"failed": f"Qiskit cannot be loaded: {type(error).__name__}: {error}"})
        return
    acts: dict[object, Act] = {
        "parse": simulator.parse,
        "run": simulator.run,
        "prove": simulator.prove,
        "time": simulator.time,
        "amplitudes": simulator.amplitudes,
    }
    gc.freeze()  # exclude Qiskit from garbage collections, which would scan it for 30 ms each time
    _send(answers, {"ready": True, "versions": simulator.versions()})
    while (message := read(sys.stdin.buffer)) is not None:
        _send(answers, _done(acts[message["act"]], message))
        _give_back(libc)


def _give_back(libc: ctypes.CDLL) -> None:
    """Return memory to the system.

    A rejected circuit has many reference cycles, and freed memory would stay in the heap.
    """
    gc.collect()
    with suppress(AttributeError):  # musl has no malloc_trim
        libc.malloc_trim(0)


def _done(act: Act, message: Message) -> Message:
    """Return an action's answer. A refusal or failure is also an answer."""
    try:
        return act(message)
    except ApiProblem as problem:
        return {
            "problem": {
                "status": problem.status,
                "title": problem.title,
                "detail": problem.detail,
                "fix": problem.fix,
                "more": problem.more,
            }
        }
    except Exception as error:  # the process continues
        return {"failed": f"{type(error).__name__}: {error}"}


def _send(answers: BinaryIO, message: Message) -> None:
    try:
        answers.write(pack(message))
        answers.flush()
    except BrokenPipeError:
        os._exit(0)  # the engine is gone


def _step_back() -> None:
    """Lower this process's priority for CPU time and memory. Every process may do so, but not in every sandbox."""
    with suppress(OSError):
        os.nice(NICE)
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError, ValueError):
        score.write_text(str(min(1000, int(score.read_text()) + OOM_SCORE)))


if __name__ == "__main__":
    main()
