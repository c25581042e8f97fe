"""User accounts.

Start at run_command(): the backend's own code does the work in a child process, because only it knows the tables and
hashes.
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


def run_command(world: World, paths: Paths, purpose: str, **fields: object) -> Any:
    """Run one action of backend/accounts/command.py and return its answer.

    `purpose` completes the Problem's "cannot …", as in "cannot add the user maria".
    """
    if not world.has_credentials:
        raise Problem(
            f"cannot {purpose}",
            "only root can read the credentials of the stores",
            "run the same command as root (sudo, or su -)",
        )
    done = run(
        _command(world, paths), timeout=SECONDS, check=False, feed=json.dumps(fields).encode(), env=_environment(world)
    )
    answer = _parse_answer(done)
    if answer is None:
        lines = last_lines(done.err.strip().splitlines())
        raise Problem(
            f"cannot {purpose}",
            main_line(lines) or f"the command exited with {done.code}",
            "read the lines above; `omnimind health` shows whether the stores answer",
            log=lines,
        )
    if "done" not in answer:
        raise Problem(f"cannot {purpose}", str(answer["why"]), str(answer["fix"]))
    return answer["done"]


def generate_password() -> str:
    """Return a password of 120 random bits, in groups that can be read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(5))


def _command(world: World, paths: Paths) -> tuple[str, ...]:
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


def _parse_answer(done: Completed) -> Mapping[str, Any] | None:
    """Return the child's answer, None for invalid output."""
    try:
        answer = json.loads(done.out)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and ("done" in answer or {"why", "fix"} <= answer.keys()) else None
