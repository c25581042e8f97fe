"""Who starts and stops processes: systemd or supervisor, behind one small protocol. Start at of()."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from omnimind_ops.model.world import World

State = Literal["stopped", "starting", "running", "stopping", "failed", "backoff"]


@dataclass(frozen=True)
class ProcessState:
    """One process as its manager knows it. `running` includes "said that it is ready" for those that can say so."""

    name: str
    state: State
    pid: int = 0  # 0 for none
    since: float | None = None  # unix seconds of the last change of state, None when never started
    restarts: int = 0  # by the manager itself, since it was started on request
    memory_bytes: int | None = None  # with all its children
    memory_limit: int | None = None
    by_person: bool = False  # stopped on request, so nobody should start it but a person
    detail: str = ""  # why it is in this state, in the manager's words
    code: int | None = None  # its last exit code, where the manager knows it and it does not run


class Manager(Protocol):
    """Starts, stops and tells. Names are those of Service.processes. Everything raises Problem.

    start returns when the processes were asked to start; stop, when they have ended; restart, when the new ones say
    that they are ready (or are running, for those that cannot say so), or a Problem with the last log lines.
    """

    def start(self, names: Sequence[str]) -> None: ...
    def stop(self, names: Sequence[str]) -> None: ...
    def restart(self, names: Sequence[str]) -> None: ...
    def kill(self, name: str) -> None: ...  # SIGKILL; the manager brings it back
    def states(self, names: Sequence[str]) -> dict[str, ProcessState]: ...  # an unknown name is "stopped"
    def logs(
        self, name: str, lines: int = 50, since: float | None = None
    ) -> Iterator[str]: ...  # oldest first; since: unix seconds
    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]: ...  # (name, line) as they come, for ever


def of(world: World) -> Manager:
    """Return the manager of a world."""
    if world.native:
        from omnimind_ops.managers.systemd import Systemd

        return Systemd(world)
    from omnimind_ops.managers.supervisor import Supervisor

    return Supervisor(world)
