"""Prepare a fresh host for `omnimind converge`, and write the same settings as variables for Ansible. Prints nothing.

It runs with the Python of the installed command line. It adds the journal entry that a migration would have left: a run
with its goal, without steps.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from uv import find_uv_bin

from deploy.limits import limits
from deploy.operations.venv import Release
from omnimind_ops import __version__, origin
from omnimind_ops.model import environment, listen, native
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths, data
from omnimind_ops.runner.journal import Journal
from omnimind_ops.tools.program import start_script

STAGED = "/opt/staged/qdrant"


def main(systemd: int, variables: Path) -> None:
    """Write the journal and the variables."""
    goal = Goal(
        version=__version__, wheelhouse="/wheelhouse", qdrant_binary=STAGED, qdrant_version="benchmark", systemd=systemd
    )
    paths = Paths()
    paths.state.mkdir(mode=0o755, parents=True, exist_ok=True)
    with Journal(paths.journal) as journal:
        run = journal.create(Plan("migrate", ()), {"goal": json.loads(json.dumps(asdict(goal)))})
        journal.state(run.id, RunState.CONFIRMED)
    variables.write_text(json.dumps(_variables(goal, paths, variables.parent), indent=1), encoding="utf-8")


def _variables(goal: Goal, paths: Paths, folder: Path) -> dict[str, object]:
    locks = Path(data("locks"))
    release = Release(goal.python, locks / f"{goal.lock}.txt", locks / "model.txt", goal.wheelhouse)
    names = ("config", "secrets", "opt", "venv", "state", "receipts", "stage", "parked", "logs")
    return {
        "goal": asdict(goal),
        "paths": {**{name: str(getattr(paths, name)) for name in names}, "lock": {"parent": str(paths.lock.parent)}},
        "limits": {name: asdict(limit) for name, limit in limits(goal.redis.memory).items()},
        "listen": listen.for_templates(goal),
        "native": {name: value for name, value in vars(native).items() if name.isupper()},
        "release": {
            "uv": find_uv_bin(),
            "folder": f"{paths.venv}s/{release.digest}",
            "lock": str(release.lock),
            "model": str(release.model),
            "wheel": str(origin.wheel(folder)),
        },
        "qdrant_start": start_script(""),
        "variables": environment.services(goal, native.ENGINE_SOCKET, paths.state),
        "units_all": native.all_units(goal),
        "units_ours": native.ours(goal),
        "units_workers": native.workers(goal),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
