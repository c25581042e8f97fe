"""`python -m omnimind_ops.embedded.supervisord CONFIG PROGRAMS`: supervisor with features of systemd that it lacks.

- It holds the listening sockets of OmniMind's programs. When a program restarts, or both workers of a port at once, no
  connection is refused.
- It receives status messages of programs (sd_notify: READY, WATCHDOG, STOPPING) and replaces silent ones: watchdog.py.
- It adopts and ends the leftovers of a dead program, as systemd does with a unit's cgroup.
- It counts restarts. The RPC method omnimind.states reports all of this.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from supervisor import events  # type: ignore[import-untyped]
from supervisor.medusa import asyncore_25 as asyncore  # type: ignore[import-untyped]
from supervisor.options import ServerOptions  # type: ignore[import-untyped]
from supervisor.states import ProcessStates, getProcessStateDescription  # type: ignore[import-untyped]
from supervisor.supervisord import Supervisor  # type: ignore[import-untyped]

from omnimind_ops.embedded import orphans, sockets, supervisor_logs
from omnimind_ops.embedded.launch import PARENT, SOCKETS
from omnimind_ops.embedded.watchdog import Watchdog

BY_ITSELF = (ProcessStates.EXITED, ProcessStates.BACKOFF)
"""States from which supervisor starts a program on its own."""


class Options(ServerOptions):  # type: ignore[misc]
    """Supervisor's options; `kept` are the sockets that its children inherit."""

    kept: frozenset[int] = frozenset()

    def close_fd(self, fd: int) -> None:
        """Close a file in a new child, except the listening sockets."""
        if fd not in self.kept:
            super().close_fd(fd)

    def kill(self, pid: int, number: int) -> None:
        """Send a signal, then SIGCONT, so that a process stopped by SIGSTOP receives it, as systemd does."""
        super().kill(pid, number)
        with contextlib.suppress(OSError):
            super().kill(pid, signal.SIGCONT)


class Supervised(Supervisor):  # type: ignore[misc]
    """Supervisor's main loop with the watchdog's socket in it."""

    def __init__(self, options: Options, watchdog: Watchdog) -> None:
        super().__init__(options)
        self.watchdog = watchdog
        watchdog.log = lambda text: options.logger.warn(text)

    def runforever(self) -> None:
        """Run until told to end; after that no process of the system is left."""
        events.subscribe(events.ProcessStateEvent, self._changed)
        try:
            super().runforever()
        finally:
            orphans.end_all()

    def get_process_map(self) -> dict[int, Any]:
        """Return the handler of each file that the loop polls."""
        return {**super().get_process_map(), self.watchdog.fileno(): self.watchdog}

    def tick(self, now: float | None = None) -> None:
        """Run what is due, at least once a second."""
        super().tick(now)
        self.watchdog.check({process.pid: process.config.name for process in self.processes() if process.pid})

    def processes(self) -> list[Any]:
        """Return supervisor's own objects, one per program."""
        return [process for group in self.process_groups.values() for process in group.processes.values()]

    def _changed(self, event: Any) -> None:
        name = event.process.config.name
        if isinstance(event, events.ProcessStateStartingEvent):
            self.watchdog.starting(name, again=event.from_state in BY_ITSELF)
        elif isinstance(
            event, events.ProcessStateExitedEvent | events.ProcessStateStoppedEvent | events.ProcessStateBackoffEvent
        ):
            self.watchdog.ended(name)
            living = {process.pid for process in self.processes() if process.pid and process is not event.process}
            orphans.end(orphans.children() - living - {event.process.pid})


class Telling:
    """The RPC namespace `omnimind`."""

    def __init__(self, supervisord: Supervised) -> None:
        self.supervisord = supervisord

    def states(self) -> list[dict[str, Any]]:
        """Return the state of every program: supervisor's data, the time of its READY (0: not yet), restarts, and why
        it was replaced.
        """
        return [self._state(process) for process in self.supervisord.processes()]

    def _state(self, process: Any) -> dict[str, Any]:
        name, observed = process.config.name, self.supervisord.watchdog
        return {
            "name": name,
            "state": getProcessStateDescription(process.get_state()),
            "pid": process.pid or 0,
            "start": float(process.laststart),
            "stop": float(process.laststop),
            "on_request": bool(process.administrative_stop),
            "why": str(observed.reason(name) or process.spawnerr or ""),
            "exit": -1 if process.exitstatus is None else process.exitstatus,
            "restarts": observed.restarts(name),
            "speaks": observed.speaks(name),
            "ready": observed.ready_at(name),
        }


def telling(supervisord: Supervised) -> Telling:
    """Return the RPC namespace; supervisor's hook."""
    return Telling(supervisord)


def main(config: str, programs: str) -> None:
    """Run until told to shut down. Taken ports end it at once, with the reason on stderr."""
    data = json.loads(Path(programs).read_text())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(65536, hard if hard > 0 else 65536)), hard))
    orphans.adopt()
    supervisor_logs.tolerate_a_full_disk()
    held = sockets.bind({program["socket"] for program in data.values() if program["socket"]})
    os.environ[SOCKETS], os.environ[PARENT] = json.dumps(held), str(os.getpid())
    watchdog = Watchdog(Path(os.environ["NOTIFY_SOCKET"]), data)
    options = Options()
    options.realize(["-c", config], doc=__doc__)
    options.first, options.test, options.kept = True, False, frozenset(held.values())
    with contextlib.suppress(asyncore.ExitNow):
        Supervised(options, watchdog).main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
