"""Process managers: systemd or supervisor, behind one small protocol. Start at of()."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from omnimind_ops.model.world import World

State = Literal["stopped", "starting", "running", "stopping", "failed", "backoff"]


@dataclass(frozen=True)
class ProcessState:
    """One process as reported by its manager. If a process can report readiness, `running` includes it."""

    name: str
    state: State
    pid: int = 0  # 0 for none
    since: float | None = None  # unix seconds of the last change of state, None when never started
    restarts: int = 0  # by the manager itself, since it was started on request
    memory_bytes: int | None = None  # including all its children
    memory_limit: int | None = None
    by_person: bool = False  # stopped on request, so only a person should start it again
    detail: str = ""  # the manager's reason for this state
    code: int | None = None  # its last exit code, if the manager knows it and it does not run


class Manager(Protocol):
    """Starts and stops processes and reports their states. Everything raises Problem.

    Names are those of Service.processes. start returns when the start is requested. stop returns when the processes
    have ended. restart returns when the new ones report that they are ready (or are running, for those that cannot
    report it); a failure is a Problem with the last log lines.
    """

    def start(self, names: Sequence[str]) -> None: ...
    def stop(self, names: Sequence[str]) -> None: ...
    def restart(self, names: Sequence[str]) -> None: ...
    def kill(self, name: str) -> None: ...  # SIGKILL; the manager starts it again
    def states(self, names: Sequence[str]) -> dict[str, ProcessState]: ...  # an unknown name is "stopped"
    def logs(
        self, name: str, lines: int = 50, since: float | None = None
    ) -> Iterator[str]: ...  # oldest first; since: unix seconds
    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]: ...  # new (name, line) pairs, for ever


def of(world: World) -> Manager:
    """Return the manager of a world."""
    if world.native:
        from omnimind_ops.managers.systemd import Systemd

        return Systemd(world)
    from omnimind_ops.managers.supervisor import Supervisor

    return Supervisor(world)
