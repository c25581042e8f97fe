"""The child process: reads circuits and runs them, one message after the other, until its input closes.

Started by process.py alone.
"""

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
from omnimind_ops.tools.parent import end_with

NICE = 5
OOM_SCORE = 300  # above the engine's own: the kernel ends this process, not the embedding

Act = Callable[[Message], Message]


def main() -> None:
    """Serve until the engine closes our input or dies."""
    if not end_with(int(sys.argv[1]), signal.SIGKILL):  # the engine's end ends us, even in the middle of a simulation
        os._exit(0)
    libc = ctypes.CDLL(None, use_errno=True)
    _step_back()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the answers
    try:
        from backend.engine.quantum.simulate import Simulator

        simulator = Simulator(int(os.environ.get("OMP_NUM_THREADS", "1")))
    except Exception as error:  # a broken installation must be told, not guessed from an exit code
        _send(answers, {"failed": f"Qiskit cannot be loaded: {type(error).__name__}: {error}"})
        return
    acts: dict[object, Act] = {
        "parse": simulator.parse,
        "run": simulator.run,
        "prove": simulator.prove,
        "time": simulator.time,
        "amplitudes": simulator.amplitudes,
    }
    gc.freeze()  # Qiskit itself is no garbage: a collection would look through all of it, 30 ms each time
    _send(answers, {"ready": True, "versions": simulator.versions()})
    while (message := read(sys.stdin.buffer)) is not None:
        _send(answers, _done(acts[message["act"]], message))
        _give_back(libc)


def _give_back(libc: ctypes.CDLL) -> None:
    """Return memory to the machine: a refused circuit is a web of references, and what is freed would stay in the heap."""
    gc.collect()
    with suppress(AttributeError):  # musl has none
        libc.malloc_trim(0)


def _done(act: Act, message: Message) -> Message:
    """Return an act's answer; a refusal or a failure is an answer too."""
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
    except Exception as error:  # the process goes on
        return {"failed": f"{type(error).__name__}: {error}"}


def _send(answers: BinaryIO, message: Message) -> None:
    try:
        answers.write(pack(message))
        answers.flush()
    except BrokenPipeError:
        os._exit(0)  # the engine is gone


def _step_back() -> None:
    """Give way to the embedding in processor time and in memory; both are allowed to everybody, but not in every
    sandbox.
    """
    with suppress(OSError):
        os.nice(NICE)
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError, ValueError):
        score.write_text(str(min(1000, int(score.read_text()) + OOM_SCORE)))


if __name__ == "__main__":
    main()
