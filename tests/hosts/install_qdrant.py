"""Run inside a host: install the Qdrant of a container, or a given program, by the product's discovery, step and roles.

python -m tests.hosts.install_qdrant CONTAINER [PROGRAM]; prints one JSON object: how it starts, notes, previews, what changed
the second time.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from omnimind_ops.flows import discover
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Step
from omnimind_ops.observe import docker, machine
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration
from omnimind_ops.settings import Settings
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.program import ProgramStep
from tests.hosts.python import PYTHON


class Forgetful:
    """A memo for steps that are not undone."""

    def get(self, key: str) -> None: ...
    def put(self, key: str, value: object) -> None: ...
    def of(self, step: str, key: str) -> None: ...


def main(name: str, given: str = "") -> None:
    sys.executable = PYTHON  # the worker is started by it
    container = next(one for one in docker.containers() if one.name == name)
    asked, notes, paths = discover.MigrateOptions(qdrant_binary=Path(given) if given else None), [], Paths()
    source = discover.qdrant_source(container, asked, notes)
    goal = discover.goal(machine.machine((), containers=(), python=""), Settings(), asked, source, paths)
    whole = migration.Source("", (), (), (), (), (), source, None)
    take = next(step for step in migration.migrate(whole, goal, 1).steps if step.id == "take-qdrant")
    staging, memo = ProgramStep(paths), Forgetful()
    preview = staging.preview(take).lines
    staging.do(take, memo, print_event)
    again = install(goal, memo)
    print(
        json.dumps(
            {"start": asdict(source.start), "notes": notes, "preview": preview, "goal": asdict(goal), "again": again}
        )
    )


def install(goal: Goal, memo: Forgetful) -> list[str]:
    """Run the roles that Qdrant needs, twice; return the steps that changed something the second time."""
    roles = ("base", *(("packages",) if goal.qdrant_packages else ()), "qdrant")
    steps: list[Step] = [migration.host_step(role, stage) for stage in ("install", "configure") for role in roles]
    with HostStep(goal) as host:
        for step in steps:
            print(host.preview(step).lines, file=sys.stderr)
            host.do(step, memo, print_event)
        return [step.id for step in steps if host.do(step, memo, print_event)]


def print_event(event: object) -> None:
    print(getattr(event, "text", event), file=sys.stderr)


main(*sys.argv[1:])
