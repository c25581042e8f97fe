"""systemd as the manager. States come from `systemctl show`, logs from the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from omnimind_ops.managers import ProcessState, State
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import Completed, run

ASK_SECONDS = 10.0
SLACK_SECONDS = 60  # beyond a unit's own time-out: systemd decides
PAUSE = 0.3
UNSET = 2**64 - 1  # systemd's value for "no limit" and "unknown"
LOG_LINES = 15
ACTIVE: dict[str, State] = {
    "active": "running", "reloading": "running", "refreshing": "running", "activating": "starting",
    "deactivating": "stopping", "failed": "failed", "inactive": "stopped", "maintenance": "stopping",
}  # fmt: skip


@dataclass(frozen=True)
class Systemd:
    """See Manager."""

    world: World

    def start(self, names: Sequence[str]) -> None:
        """Request the start of the units; the failure counters of failed ones are reset."""
        failed = [process.name for process in self.states(names).values() if process.state == "failed"]
        if failed:
            run(systemctl.reset(failed), check=False)
        self._do("start", names, systemctl.start(names), 30)

    def stop(self, names: Sequence[str]) -> None:
        """Stop them; return when all have ended."""
        self._do("stop", names, systemctl.stop(names), self.world.system.critical_timeout)

    def restart(self, names: Sequence[str]) -> None:
        """Restart them, all at once; return when they are ready."""
        run(systemctl.reset(names), check=False)
        self._do("restart", names, systemctl.restart(names), self.world.system.critical_timeout + SLACK_SECONDS)

    def kill(self, name: str) -> None:
        """Send SIGKILL; systemd starts it again."""
        self._do("kill", (name,), systemctl.kill(name), 30)

    def states(self, names: Sequence[str]) -> dict[str, ProcessState]:
        """Return their states; a unit that does not exist is stopped, with a detail that says so."""
        if not names:
            return {}
        reply = run(systemctl.show(names), timeout=ASK_SECONDS, check=False)
        if not reply.ok and not reply.out.strip():
            raise Problem("cannot query systemd", _error_line(reply), "check that systemd is PID 1: ps -p 1")
        now, at = time.monotonic(), time.time()
        processes = [parse_state(block, now, at) for block in systemctl.parse_show(reply.out)]
        # In the order of the request: an alias answers with the unit's present name.
        return {name: replace(process, name=name) for name, process in zip(names, processes, strict=False)}

    def logs(self, name: str, lines: int = 50, since: float | None = None) -> Iterator[str]:
        """Yield the journal's last lines; `lines` 0 means all since `since`."""
        run(systemctl.sync(), timeout=ASK_SECONDS, check=False)
        yield from run(
            systemctl.journal((name,), lines=lines or None, since=since), timeout=ASK_SECONDS * 3
        ).out.splitlines()

    def follow(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield new lines of the journal, for ever."""
        entries = run(systemctl.journal(names, lines=1, output="json")).out.splitlines()
        cursor = str(json.loads(entries[-1])["__CURSOR"]) if entries else ""
        began = time.time()
        while True:
            new_entries = run(
                systemctl.journal(names, since=None if cursor else began, output="json", after=cursor)
            ).out.splitlines()
            for line in new_entries:
                entry = json.loads(line)
                cursor = str(entry["__CURSOR"])
                yield str(entry.get("_SYSTEMD_UNIT") or entry.get("UNIT") or ""), _message(entry)
            if not new_entries:
                time.sleep(PAUSE)

    def _do(self, action: str, names: Sequence[str], command: tuple[str, ...], seconds: float) -> None:
        if not names:
            return
        completed = run(command, timeout=seconds, check=False)
        if completed.ok:
            return
        failed = next((process.name for process in self.states(names).values() if process.state == "failed"), names[0])
        run(systemctl.sync(), timeout=ASK_SECONDS, check=False)
        log = run(systemctl.journal((failed,), lines=LOG_LINES, output="cat"), check=False).out.splitlines()
        raise Problem(
            f"cannot {action} {failed}", _error_line(completed), f"full log: omnimind logs {failed}", log=tuple(log)
        )


def parse_state(properties: Mapping[str, str], now: float, at: float) -> ProcessState:
    """Return the state from one block of `systemctl show`.

    `now` is monotonic seconds, `at` is the same moment in unix seconds.
    """
    state = ACTIVE.get(properties.get("ActiveState", ""), "failed")
    if properties.get("SubState") == "auto-restart":
        state = "backoff"
    changed = _number(properties.get("StateChangeTimestampMonotonic")) or 0
    return ProcessState(
        name=properties.get("Id", ""),
        state=state,
        pid=_number(properties.get("MainPID")) or 0,
        since=at - (now - changed / 1e6) if changed else None,
        restarts=_number(properties.get("NRestarts")) or 0,
        memory_bytes=_number(properties.get("MemoryCurrent")),
        memory_limit=_number(properties.get("MemoryMax")),
        by_person=state == "stopped" and _on_request(properties),
        detail=_detail(properties, state),
    )


def _on_request(properties: Mapping[str, str]) -> bool:
    """Return whether a person stopped it: it is masked, or it ran and ended well.

    OmniMind's units have Restart=always, so nothing else ends them that way.
    """
    ran = (_number(properties.get("InactiveEnterTimestampMonotonic")) or 0) > 0
    return properties.get("UnitFileState") in ("masked", "masked-runtime") or (
        ran and properties.get("Result") == "success"
    )


def _detail(properties: Mapping[str, str], state: State) -> str:
    if properties.get("LoadState") not in ("loaded", None):
        return f"the unit is {properties['LoadState']}"
    if state in ("failed", "backoff"):
        return f"result {properties.get('Result', '')}, exit status {properties.get('ExecMainStatus', '')}"
    if state == "stopped" and _on_request(properties):
        return "stopped on request"
    return properties.get("StatusText", "")


def _number(text: str | None) -> int | None:
    """Return a number; None for values that systemd does not know or does not limit."""
    if not text or not text.isdigit() or int(text) == UNSET:
        return None
    return int(text)


def _message(entry: Mapping[str, object]) -> str:
    text = entry.get("MESSAGE", "")
    return bytes(text).decode(errors="replace") if isinstance(text, list) else str(text)


def _error_line(completed: Completed) -> str:
    lines = (completed.err.strip() or completed.out.strip() or f"exited with {completed.code}").splitlines()
    return lines[0] if len(lines) > 1 else lines[-1]
