"""kind "start-containers": start the old stack's containers that hold data, before those that write.

Undo stops them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model.carry import StartContainersPayload, StartNotes
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.observe import docker
from omnimind_ops.observe.ports import FORWARDERS, holders
from omnimind_ops.steps.stop_containers import stop_containers
from omnimind_ops.tools.shell import run

SECONDS = 120
STOP_SECONDS = 60
"""For a store whose owner did not say how long it may take."""
FREE_SECONDS = 30.0
TRIES = 10


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
            _start(id)
            tell(line(step.id, f"started container {id[:12]}"))
        return bool(stopped)

    def undo(self, step: Task[StartContainersPayload], memo: Memo[StartNotes], tell: Tell) -> None:
        """Stop them again, and wait until their ports are free for the native stores."""
        started = memo.read().started or ()
        containers = [container for container in docker.containers() if container.id in started]
        if containers:
            stop_containers({container.id: container.grace(STOP_SECONDS) for container in containers})
            _wait_until_free({publish.host_port for container in containers for publish in container.ports})


def _start(id: str) -> None:
    for attempts_left in range(TRIES, 0, -1):
        if run(("docker", "start", id), check=attempts_left == 1, timeout=SECONDS).ok:
            return
        time.sleep(0.5)  # a port may take a moment to become free


def _wait_until_free(ports: Collection[int]) -> None:
    """docker-proxy can outlive its container (moby#25981)."""
    end = time.monotonic() + FREE_SECONDS
    while any(holder.port in ports and holder.program in FORWARDERS for holder in holders()):
        if time.monotonic() > end:
            return  # the native store's own error says who has its port
        time.sleep(0.05)
