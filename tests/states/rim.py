"""The host at the rim of the model: what the steps of a migration change of it. Everything inside is real.

It can be told to kill the process, to fail, or to let something happen in the middle of a step.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnimind_ops.flows.way_back import WayBack
from omnimind_ops.model.carry import StopUnitsPayload
from omnimind_ops.model.event import Tell
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ContainersNotes, NoNotes
from omnimind_ops.model.payloads import Act, ContainersPayload, HostPayload, Payload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.runner.execution import Handlers, by_kind
from tests.engine_double import Double

NATIVE = HostPayload("units", "activate")
CHANGES: dict[Act, dict[str, object]] = {Act.HOLD: {"policy": "no"}, Act.STOP: {"running": False}}
CROSS_DEVICE = "[Errno 18] Invalid cross-device link"


@dataclass
class Rim:
    """`kill_at`, `full_at` and `at` name a step and a verb, such as `warm-qdrant:do`; `broken` fails whenever tried."""

    double: Double
    folder: Path
    kill_at: str = ""
    full_at: str = ""
    at: str = ""
    happens: Callable[[], None] = lambda: None
    reached: list[str] = field(default_factory=list)

    @property
    def native(self) -> bool:
        """Whether the native services run."""
        return (self.folder / "native").exists()

    @property
    def broken(self) -> str:
        """The step and verb that fail for ever, "" for none."""
        mark = self.folder / "broken"
        return mark.read_text() if mark.exists() else ""

    def serve(self, native: bool) -> None:
        """Start or stop the native services."""
        (self.folder / "native").touch() if native else (self.folder / "native").unlink(missing_ok=True)

    def set(self, id: str, **state: object) -> None:
        """Change a container."""
        containers = self.double.state["containers"]
        for one in containers:
            if one["Id"] == id and "running" in state:
                one["State"]["Running"] = state["running"]
            if one["Id"] == id and "policy" in state:
                one["HostConfig"]["RestartPolicy"]["Name"] = state["policy"]
        self.double.set(containers=containers)

    def reach(self, step: str) -> None:
        """Let happen what is to happen at this step."""
        self.reached.append(step)
        if step == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == self.at:
            self.happens()
        if step == self.full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if step == self.broken:
            raise Problem(f"cannot undo {step}", CROSS_DEVICE, "give a folder on the same file system")

    @contextmanager
    def handlers(
        self, goal: Goal, paths: Paths, run: str, way_back: WayBack | None = None, *_more: object
    ) -> Iterator[Handlers]:
        """In place of flows.wiring.handlers."""
        kinds = [kind for kind in Payload.__subclasses__() if kind.kind != "restart"]
        yield by_kind(*(Handler(kind, self, way_back or WayBack(lambda event: None)) for kind in kinds))


@dataclass
class Handler:
    """Of one kind of step."""

    payload: type[Any]
    rim: Rim
    way: WayBack

    @property
    def notes(self) -> type[Any]:
        """Only containers note something."""
        return ContainersNotes if self.payload is ContainersPayload else NoNotes

    def preview(self, step: Task[Any]) -> Preview:
        """Yes."""
        return Preview(step.id, Change.YES)

    def do(self, step: Task[Any], memo: Memo[Any], tell: Tell) -> bool:
        """Change the host."""
        if isinstance(step.payload, ContainersPayload):
            self._note(step.payload, memo)
        self.rim.reach(f"{step.id}:do")
        if step.payload == NATIVE:
            self.rim.serve(True)
        if isinstance(step.payload, StopUnitsPayload):
            self.rim.serve(False)
        if isinstance(step.payload, ContainersPayload) and step.payload.act in CHANGES:
            for id in step.payload.ids:
                self.rim.set(id, **CHANGES[step.payload.act])
        return True

    def undo(self, step: Task[Any], memo: Memo[Any], tell: Tell) -> None:
        """Change it back."""
        self.rim.reach(f"{step.id}:undo")
        if step.payload == NATIVE:
            self.rim.serve(False)
        if isinstance(step.payload, StopUnitsPayload):
            self.rim.serve(True)
        if not isinstance(step.payload, ContainersPayload):
            return
        before: ContainersNotes = memo.read()
        for id, policy in (before.policies or {}).items():
            self.rim.set(self.way.current(id), policy=policy)
        for id in before.running or ():
            now = self.way.current(id)
            if not now and not self.way.anyway:
                raise Problem(f"cannot start container {id[:12]}", "it was removed", "create it again")
            self.rim.set(now, running=True)

    def _note(self, payload: ContainersPayload, memo: Memo[Any]) -> None:
        containers = {one["Id"]: one for one in self.rim.double.state["containers"]}
        if not self.rim.double.state["answers"] or not set(payload.ids) <= set(containers):
            raise Problem("cannot inspect the containers", "they do not answer", "start Docker")
        if payload.act not in CHANGES or memo.read() != ContainersNotes():
            return
        running = tuple(id for id in payload.ids if containers[id]["State"]["Running"])
        policies = {id: containers[id]["HostConfig"]["RestartPolicy"]["Name"] for id in payload.ids}
        memo.write(ContainersNotes(policies=policies if payload.act is Act.HOLD else None, running=running))
