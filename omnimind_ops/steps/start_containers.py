"""kind "start-containers": start containers of the old stack that hold data, before those that write; undo stops them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import StartNotes
from omnimind_ops.model.payloads import StartContainersPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.observe import docker
from omnimind_ops.tools.shell import run

SECONDS = 120
STOP_SECONDS = 60


@dataclass(frozen=True)
class StartContainersStep:
    """`current` returns the ID of the container that stands for an old one now."""

    payload: ClassVar = StartContainersPayload
    notes: ClassVar = StartNotes
    current: Callable[[str], str] = str

    def preview(self, step: Task[StartContainersPayload]) -> Preview:
        """Return the containers."""
        return Preview(step.id, Change.YES, tuple(id[:12] for id in step.payload.ids))

    def do(self, step: Task[StartContainersPayload], memo: Memo[StartNotes], tell: Tell) -> bool:
        """Start those that do not run."""
        running = {container.id for container in docker.containers() if container.running}
        stopped = tuple(id for id in map(self.current, step.payload.ids) if id not in running)
        if memo.read().started is None:
            memo.write(StartNotes(stopped))
        for id in stopped:
            run(("docker", "start", id), timeout=SECONDS)
            tell(line(step.id, f"started container {id[:12]}"))
        return bool(stopped)

    def undo(self, step: Task[StartContainersPayload], memo: Memo[StartNotes], tell: Tell) -> None:
        """Stop them again."""
        if started := memo.read().started:
            run(("docker", "stop", f"--time={STOP_SECONDS}", *started), timeout=STOP_SECONDS * 2)
