"""Supervisor as the manager: XML-RPC over its unix socket (0600). Logs are files, one for each process."""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnimind_ops.managers import ProcessState, State
from omnimind_ops.managers.files import follow, read, tail
from omnimind_ops.managers.memory import memory
from omnimind_ops.managers.rpc import call
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

STATES: dict[str, State] = {
    "STOPPED": "stopped",
    "STARTING": "starting",
    "RUNNING": "running",
    "BACKOFF": "backoff",
    "STOPPING": "stopping",
    "EXITED": "backoff",  # it is started again within a second
    "FATAL": "failed",
    "UNKNOWN": "failed",
}
PAUSE = 0.02
STOP_SECONDS = 90.0
NOT_RUNNING, ALREADY_STARTED = 70, 60  # supervisor's fault codes
BAD_NAME = 10


@dataclass(frozen=True)
class Supervisor:
    """See Manager."""

    world: World

    def start(self, names: Sequence[str]) -> None:
        """Request the start of the processes; running ones stay."""
        for name in names:
            self._ask(f"start {name}", "supervisor.startProcess", name, False, but=ALREADY_STARTED)

    def stop(self, names: Sequence[str]) -> None:
        """Stop them all at once; return when all have ended."""
        for name in names:
            self._ask(f"stop {name}", "supervisor.stopProcess", name, False, but=NOT_RUNNING)
        self._until(names, lambda one: one.pid == 0, STOP_SECONDS, "stop")

    def restart(self, names: Sequence[str]) -> None:
        """Stop and start them, all at once; return when they are ready."""
        self.stop(names)
        self.start(names)
        self._until(names, lambda one: one.state == "running", self.world.system.critical_timeout, "restart")

    def kill(self, name: str) -> None:
        """Send SIGKILL; supervisor starts it again at once."""
        self._ask(f"kill {name}", "supervisor.signalProcess", name, "KILL", but=NOT_RUNNING)

    def states(self, names: Sequence[str]) -> dict[str, ProcessState]:
        """Return their states; all are stopped if supervisor does not run."""
        try:
            said = call(self._socket, "omnimind.states")
        except (FileNotFoundError, ConnectionRefusedError):
            return {name: ProcessState(name, "stopped", detail="supervisor does not run") for name in names}
        except OSError as error:
            raise Problem(
                "cannot ask supervisor", str(error), "look at it: omnimind logs supervisord; omnimind down ends it"
            ) from error
        found = {one["name"]: _state(one) for one in said}
        return {name: found.get(name, ProcessState(name, "stopped")) for name in names}

    def logs(self, name: str, lines: int = 50, since: float | None = None) -> Iterator[str]:
        """Yield the last lines of its file, and of the one before it."""
        yield from read(self._log(name), lines, since)

    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield new lines of all files, for ever."""
        yield from follow({name: self._log(name) for name in names})

    @property
    def _socket(self) -> Path:
        return self.world.run / "supervisor.sock"

    def _log(self, name: str) -> Path:
        return self.world.logs / f"{name}.log"

    def _ask(self, doing: str, method: str, *words: Any, but: int) -> None:
        try:
            call(self._socket, method, *words)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                raise Problem(
                    f"cannot {doing}",
                    "supervisor does not know it: its configuration is older than this omnimind",
                    "omnimind down, then omnimind up",
                ) from fault
            if fault.faultCode != but:
                raise Problem(
                    f"cannot {doing}", fault.faultString, "its log is below", log=tail(self._log(str(words[0])))
                ) from fault
        except OSError as error:
            raise Problem(f"cannot {doing}", f"supervisor does not answer: {error}", "start it: omnimind up") from error

    def _until(self, names: Sequence[str], good: Callable[[ProcessState], bool], seconds: float, doing: str) -> None:
        end = time.monotonic() + seconds
        while left := [one for one in self.states(names).values() if not good(one)]:
            failed = next((one for one in left if one.state == "failed"), None)
            if failed or time.monotonic() > end:
                one = failed or left[0]
                why = f"it is {one.state}{f': {one.detail}' if one.detail else ''}" + (
                    "" if failed else f" after {seconds:g} s"
                )
                raise Problem(
                    f"cannot {doing} {one.name}",
                    why,
                    f"all of its log: omnimind logs {one.name}",
                    log=tail(self._log(one.name)),
                )
            time.sleep(PAUSE)


def _state(said: dict[str, Any]) -> ProcessState:
    state, pid, start, stop = STATES[said["state"]], int(said["pid"]), said["start"], said["stop"]
    if state in ("starting", "running") and said["speaks"]:
        state = "running" if said["ready"] else "starting"
    elif state == "starting" and pid:
        state = "running"  # supervisor only checks that it stays up; without a readiness report that must do
    since = (said["ready"] or start) if pid else stop or start
    by_person = said["state"] == "STOPPED" and said["on_request"]
    return ProcessState(
        name=said["name"],
        state=state,
        pid=pid,
        since=since or None,
        restarts=int(said["restarts"]),
        memory_bytes=memory(pid) if pid else None,
        by_person=by_person,
        detail=_detail(said, state, by_person),
        code=int(said["exit"]) if state in ("failed", "backoff") and said["exit"] >= 0 else None,
    )


def _detail(said: dict[str, Any], state: State, by_person: bool) -> str:
    if by_person:
        return "stopped on request"
    if state in ("failed", "backoff"):
        code = said["exit"]
        return str(said["why"] or (f"ended with {code}" if code >= 0 else "ended"))
    return str(said["why"]) if said["why"].startswith("watchdog") else ""
