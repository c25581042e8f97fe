"""Code: the omnimind version that started a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omnimind_ops.model.run import Run


@dataclass(frozen=True)
class Code:
    """`digest` is "" if it was not recorded (0.1.0); `program` is the command, `root` the folder of its packages."""

    version: str
    digest: str = ""
    program: str = ""
    root: str = ""


def started_by(run: Run) -> Code:
    """Return the code that started a run; its version is "" if not even that was recorded."""
    recorded, goal = run.setup.get("code"), run.setup.get("goal")
    if isinstance(recorded, Mapping):
        return Code(**{name: str(recorded.get(name) or "") for name in ("version", "digest", "program", "root")})
    return Code(str(goal.get("version") or "") if isinstance(goal, Mapping) else "")
