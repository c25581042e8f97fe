"""Commands on the outer machine: the one place of this package that starts processes there."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL = 4_000


class OutsideError(RuntimeError):
    """A command of the outer machine failed; the message carries the end of what it said."""


def call(
    argv: Sequence[str],
    *,
    timeout: float = 120,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: bytes = b"",
) -> str:
    """Run a command and return its stdout; raise `OutsideError` on failure or time-out (seconds)."""
    try:
        done = subprocess.run(
            list(argv), input=input, capture_output=True, timeout=timeout, cwd=cwd,
            env={**os.environ, **(env or {})}, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise OutsideError(f"cannot run {argv[0]}: not installed on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"cannot finish `{shlex.join(argv)}` within {timeout:.0f} s") from error
    if done.returncode:
        result = (done.stdout + done.stderr).decode(errors="replace")[-TAIL:]
        raise OutsideError(f"cannot `{shlex.join(argv)}`: exit {done.returncode}\n{result}")
    return done.stdout.decode(errors="replace")


def docker(*arguments: str, timeout: float = 120, env: Mapping[str, str] | None = None) -> str:
    """`docker WORDS…` against the outer engine."""
    return call(("docker", *arguments), timeout=timeout, env=env).strip()
