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
            self._call(f"start {name}", "supervisor.startProcess", name, False, ignore=ALREADY_STARTED)

    def stop(self, names: Sequence[str]) -> None:
        """Stop them all at once; return when all have ended."""
        for name in names:
            self._call(f"stop {name}", "supervisor.stopProcess", name, False, ignore=NOT_RUNNING)
        self._wait_until(names, lambda process: process.pid == 0, STOP_SECONDS, "stop")

    def restart(self, names: Sequence[str]) -> None:
        """Stop and start them, all at once; return when they are ready."""
        self.stop(names)
        self.start(names)
        self._wait_until(
            names, lambda process: process.state == "running", self.world.system.critical_timeout, "restart"
        )

    def kill(self, name: str) -> None:
        """Send SIGKILL; supervisor starts it again at once."""
        self._call(f"kill {name}", "supervisor.signalProcess", name, "KILL", ignore=NOT_RUNNING)

    def states(self, names: Sequence[str]) -> dict[str, ProcessState]:
        """Return their states; all are stopped if supervisor does not run."""
        try:
            reply = call(self._socket, "omnimind.states")
        except (FileNotFoundError, ConnectionRefusedError):
            return {name: ProcessState(name, "stopped", detail="supervisor is not running") for name in names}
        except OSError as error:
            raise Problem(
                "cannot query supervisor", str(error), "read its log: omnimind logs supervisord; stop it: omnimind down"
            ) from error
        states = {item["name"]: _parse_state(item) for item in reply}
        return {name: states.get(name, ProcessState(name, "stopped")) for name in names}

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

    def _call(self, action: str, method: str, *args: Any, ignore: int) -> None:
        try:
            call(self._socket, method, *args)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                raise Problem(
                    f"cannot {action}",
                    "supervisor's configuration is older than this omnimind",
                    "restart the system: omnimind down, then omnimind up",
                ) from fault
            if fault.faultCode != ignore:
                raise Problem(
                    f"cannot {action}", fault.faultString, "read its log below", log=tail(self._log(str(args[0])))
                ) from fault
        except OSError as error:
            raise Problem(
                f"cannot {action}", f"supervisor does not answer: {error}", "start it: omnimind up"
            ) from error

    def _wait_until(
        self, names: Sequence[str], is_good: Callable[[ProcessState], bool], seconds: float, action: str
    ) -> None:
        end = time.monotonic() + seconds
        while pending := [process for process in self.states(names).values() if not is_good(process)]:
            failed = next((process for process in pending if process.state == "failed"), None)
            if failed or time.monotonic() > end:
                process = failed or pending[0]
                why = f"it is {process.state}{f': {process.detail}' if process.detail else ''}" + (
                    "" if failed else f" after {seconds:g} s"
                )
                raise Problem(
                    f"cannot {action} {process.name}",
                    why,
                    f"full log: omnimind logs {process.name}",
                    log=tail(self._log(process.name)),
                )
            time.sleep(PAUSE)


def _parse_state(reply: dict[str, Any]) -> ProcessState:
    state, pid, start, stop = STATES[reply["state"]], int(reply["pid"]), reply["start"], reply["stop"]
    if state in ("starting", "running") and reply["speaks"]:
        state = "running" if reply["ready"] else "starting"
    elif state == "starting" and pid:
        state = "running"  # supervisor only checks that it stays up; without a readiness report that must do
    since = (reply["ready"] or start) if pid else stop or start
    by_person = reply["state"] == "STOPPED" and reply["on_request"]
    return ProcessState(
        name=reply["name"],
        state=state,
        pid=pid,
        since=since or None,
        restarts=int(reply["restarts"]),
        memory_bytes=memory(pid) if pid else None,
        by_person=by_person,
        detail=_detail(reply, state, by_person),
        code=int(reply["exit"]) if state in ("failed", "backoff") and reply["exit"] >= 0 else None,
    )


def _detail(reply: dict[str, Any], state: State, by_person: bool) -> str:
    if by_person:
        return "stopped on request"
    if state in ("failed", "backoff"):
        code = reply["exit"]
        return str(reply["why"] or (f"exited with {code}" if code >= 0 else "ended"))
    return str(reply["why"]) if reply["why"].startswith("watchdog") else ""
