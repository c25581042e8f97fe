"""Run inside a host: install the Qdrant of a container, or a given program, by the product's discovery, step and roles.

python -m tests.hosts.install_qdrant CONTAINER [PROGRAM]; prints one JSON object: how it starts, notes, previews, what
changed the second time.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from omnimind_ops.flows import discover
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import HostNotes, NoNotes
from omnimind_ops.model.payloads import HostPayload, ProgramPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.observe import docker, machine
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration
from omnimind_ops.planning.source import Source
from omnimind_ops.settings import Settings
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.program import ProgramStep
from tests.hosts.python import PYTHON


def main(name: str, given: str = "") -> None:
    sys.executable = PYTHON  # the worker is started by it
    container = next(item for item in docker.containers() if item.name == name)
    requested, notes, paths = discover.MigrateOptions(qdrant_binary=Path(given) if given else None), [], Paths()
    source = discover.qdrant_source(container, requested, notes)
    goal = discover.goal(machine.machine((), containers=(), python=""), Settings(), requested, source, None, paths)
    whole = Source("", (), (), (), (), (), source, None)
    plan = migration.migrate(whole, goal, 1)
    take = next(Task.of(step, ProgramPayload) for step in plan.steps if step.id == "take-qdrant")
    staging = ProgramStep(paths)
    preview = staging.preview(take).lines
    staging.do(take, Memo(MemoryNotes(), take.id, NoNotes), print_event)
    again = install(goal)
    print(
        json.dumps(
            {"start": asdict(source.start), "notes": notes, "preview": preview, "goal": asdict(goal), "again": again}
        )
    )


def install(goal: Goal) -> list[str]:
    """Run the roles that Qdrant needs, twice; return the steps that changed something the second time."""
    roles = ("base", *(("packages",) if goal.qdrant_packages else ()), "qdrant")
    planned = [migration.host_step(role, stage) for stage in ("install", "configure") for role in roles]
    steps = [Task.of(step, HostPayload) for step in planned]
    with HostStep(goal) as host:
        for step in steps:
            print(host.preview(step).lines, file=sys.stderr)
            host.do(step, Memo(MemoryNotes(), step.id, HostNotes), print_event)
        return [step.id for step in steps if host.do(step, Memo(MemoryNotes(), step.id, HostNotes), print_event)]


def print_event(event: object) -> None:
    print(getattr(event, "text", event), file=sys.stderr)


main(*sys.argv[1:])
