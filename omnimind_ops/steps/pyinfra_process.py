"""Start the process that runs pyinfra, send it jobs, read its messages, and leave no process behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.problem import Problem

Message = Mapping[str, Any]
END_SECONDS = 10.0


def worker_command() -> tuple[str, ...]:
    """Return the command that starts a worker.

    -P: import the code of the running command, not files of the current folder.
    """
    return (sys.executable, "-P", "-m", "omnimind_ops.worker")


@dataclass
class PyinfraProcess:
    """The worker process that runs pyinfra, started when it is first needed and again if it has died.

    omnimind_ops/worker.py defines its protocol.
    """

    goal: Goal
    process: subprocess.Popen[str] | None = None
    stderr_tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def job(self, role: str, stage: str, dry: bool) -> Iterator[Message]:
        """Yield the messages of a role's stage, "done" last; raise Problem when the stage or the worker fails."""
        return self._request({"role": role, "stage": stage, "goal": asdict(self.goal), "dry": dry}, f"{stage} {role}")

    def survey(self, stages: Sequence[tuple[str, str]]) -> int:
        """Return how many of the first `stages` (role, stage) have nothing to change; read-only, all in one query."""
        request = {"survey": [list(stage) for stage in stages], "goal": asdict(self.goal)}
        (message,) = self._request(request, "read the state of the host")
        return int(message["settled"])

    def _request(self, request: Mapping[str, Any], action: str) -> Iterator[Message]:
        process = self._ensure_running()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                message: Message = json.loads(line)
                if message["kind"] == "problem":
                    raise Problem(message["what"], message["why"], message["fix"], log=tuple(message["log"]))
                yield message
                if message["kind"] == "done":
                    return
        except BrokenPipeError:
            pass
        except Problem:
            raise
        except BaseException:  # interrupted in mid-job: its messages would be taken for those of the next job
            self.kill()
            raise
        code = self.kill()
        raise Problem(
            f"cannot {action}",
            f"the worker process exited with {code} before it had finished",
            "run the same command again; if it fails again, report it with the worker's output below",
            log=tuple(self.stderr_tail),
        )

    def close(self) -> None:
        """Close the worker's stdin so that it exits by itself; kill it after END_SECONDS."""
        if self.process is None:
            return
        with contextlib.suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=END_SECONDS)
        self.kill()

    def kill(self) -> int | None:
        """Kill the process group if it still runs, and return the worker's exit code.

        It gets SIGTERM first, so that it can clean up.
        """
        process, self.process = self.process, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        return process.returncode

    def _ensure_running(self) -> subprocess.Popen[str]:
        if self.process is None:
            self.process = subprocess.Popen(
                worker_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
            threading.Thread(target=self._read_stderr, args=(self.process,), daemon=True).start()
        return self.process

    def _read_stderr(self, process: subprocess.Popen[str]) -> None:
        if process.stderr:
            with process.stderr as source:
                self.stderr_tail.extend(line.rstrip() for line in source)
