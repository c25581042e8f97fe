"""Run one command: argv in, text out, with a time-out that kills the whole process group.

Everything that omnimind_ops starts is started here, except the worker (steps/pyinfra_process): jobs are written to it
while its
messages are read. The services start two more: the engine's simulator (asyncio), and its probe of the GPU, which may
hang in the kernel, where no signal reaches it.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import output


@dataclass(frozen=True)
class Completed:
    """A finished command; output decoded with replacement."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Return whether it exited 0."""
        return self.code == 0


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    check: bool = True,
    feed: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    into: IO[bytes] | None = None,
    user: str | None = None,
) -> Completed:
    """Run argv and return its output (`into`: stdout goes to that file instead).

    With `check`, a missing program, a time-out or a non-zero exit is a Problem; without it they are exit codes 127, 124
    and the program's own. `env` is added to this process's environment. `user` drops to that user.
    """
    try:
        process = subprocess.Popen(
            tuple(argv),
            stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
            stdout=into or subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    except OSError as error:
        return _checked(Completed(tuple(argv), 127, "", str(error)), check)
    return _checked(_wait(process, tuple(argv), feed, timeout), check)


def _wait(process: subprocess.Popen[bytes], argv: tuple[str, ...], feed: bytes | None, timeout: float) -> Completed:
    """Return the output of a process when it ends; kill its whole group on a time-out or an exception."""
    try:
        out, err = process.communicate(feed, timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code, err = 124, err + f"\ntimed out after {timeout:g} s".encode()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return Completed(argv, code, (out or b"").decode(errors="replace"), err.decode(errors="replace"))


def spawn(argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    """Start argv as a daemon and return at once.

    It gets its own session and exactly this environment; both outputs are appended to `log`.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            tuple(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )


@contextmanager
def lines(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> Iterator[Iterator[str]]:
    """Run argv for the block and yield an iterator over its lines of stdout; then end its whole process group.

    A missing program is a Problem. Ctrl-C does not reach the child: the reader decides. stderr is discarded.
    """
    try:
        process = subprocess.Popen(
            tuple(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    except OSError as error:
        raise Problem(f"cannot run {argv[0]}", str(error), "install it, or fix its permissions") from error
    assert process.stdout
    try:
        yield (raw.decode(errors="replace").rstrip("\n") for raw in process.stdout)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


def _checked(completed: Completed, check: bool) -> Completed:
    if check and not completed.ok:
        lines = output.last_lines((completed.err.strip() or completed.out.strip()).splitlines())
        raise Problem(
            f"cannot run {completed.argv[0]}",
            f"{output.main_line(lines) or 'no output'}\n`{' '.join(completed.argv)}` exited with {completed.code}",
            "read its output below, fix the cause and run the command again",
            log=lines,
        )
    return completed
