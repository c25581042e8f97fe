"""User accounts.

Start at ask(): the backend's own code does the work in a child process, because only it knows the tables and hashes.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import omnimind_ops
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.tools.output import last_lines, main_line
from omnimind_ops.tools.shell import Completed, run

SECONDS = 60.0


def ask(world: World, paths: Paths, doing: str, **words: object) -> Any:
    """Do one action of backend/accounts/command.py and return its answer.

    `doing` completes the Problem's "cannot …", as in "cannot add the user maria".
    """
    if not world.has_credentials:
        raise Problem(
            f"cannot {doing}",
            "the credentials of the stores are readable by root only",
            "run the same command as root (sudo, or su -)",
        )
    done = run(
        _words(world, paths), timeout=SECONDS, check=False, feed=json.dumps(words).encode(), env=_environment(world)
    )
    said = _answer(done)
    if said is None:
        lines = last_lines(done.err.strip().splitlines())
        raise Problem(
            f"cannot {doing}",
            main_line(lines) or f"it ended with {done.code}",
            "see the lines above; `omnimind health` tells whether the stores answer",
            log=lines,
        )
    if "done" not in said:
        raise Problem(f"cannot {doing}", str(said["why"]), str(said["fix"]))
    return said["done"]


def generated() -> str:
    """Return a password of 120 random bits, in groups that can be read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(5))


def _words(world: World, paths: Paths) -> tuple[str, ...]:
    """Return the command, run by the workers' interpreter if it is installed, else by this one."""
    installed = paths.venv / "bin/python"
    return str(installed) if world.native and installed.exists() else sys.executable, "-m", "backend.accounts.command"


def _environment(world: World) -> Mapping[str, str]:
    return {
        "OMNIMIND_POSTGRES_DSN": world.postgres_dsn,
        "OMNIMIND_REDIS_URL": world.redis_url,
        "PYTHONPATH": str(Path(omnimind_ops.__file__).parents[1]),
        "PYTHONSAFEPATH": "1",
    }


def _answer(done: Completed) -> Mapping[str, Any] | None:
    """Return the child's answer, None for invalid output."""
    try:
        said = json.loads(done.out)
    except ValueError:
        return None
    return said if isinstance(said, dict) and ("done" in said or {"why", "fix"} <= said.keys()) else None
