"""kind "prove": wait until every native service answers a real request, and record when each one first did.

An answer counts only from the unit's own process: an old container that came back answers as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import ClassVar

from omnimind_ops.credentials import Credentials
from omnimind_ops.health.probes import Probe, native
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ProveNotes
from omnimind_ops.model.payloads import ProvePayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.steps.owner import Refuse, owners, refuse_strangers
from omnimind_ops.tools.shell import run

WATCH_SECONDS = 2.0
"""A port that is another's twice, this long apart, is not just being handed over."""
CRITICAL_SECONDS = 300.0
UNITS = {
    "postgresql": "postgresql",
    "redis": "redis-server",
    "qdrant": "qdrant",
    "engine": "omnimind-engine",
    "frontend": "omnimind-frontend",
}


@dataclass(frozen=True)
class Answer:
    """A service's first good answer (unix time), or why there was none and whether its unit has failed."""

    at: float
    error: str | None
    has_failed: bool = False


@dataclass(frozen=True)
class ProveStep:
    """Runs all probes in parallel until each succeeds.

    A service without an answer within the time-out is a Problem with its unit's own log. A unit that fails ends the wait
    for all: those that need it would only wait for their time-outs.
    """

    payload: ClassVar = ProvePayload
    notes: ClassVar = ProveNotes
    goal: Goal
    credentials: Callable[[], Credentials]
    seconds: float = CRITICAL_SECONDS
    refuse: Refuse = refuse_strangers

    def preview(self, step: Task[ProvePayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[ProvePayload], memo: Memo[ProveNotes], tell: Tell) -> bool:
        """Probe the services; note the wall-clock times of the first good answers."""
        probes, over = native(self.goal, self.credentials()), Event()
        with ThreadPoolExecutor(len(probes) + 1) as pool:
            watch = pool.submit(self._watch, over)
            waits = pool.map(lambda name: self._wait_until_ready(name, probes[name], over), probes)
            answers = dict(zip(probes, waits, strict=True))
            over.set()
        watch.result()
        self._check(answers)
        self.refuse(self.goal, owners(self.goal))
        memo.write(ProveNotes({name: answer.at for name, answer in answers.items()}))
        tell(line(step.id, ", ".join(answers)))
        return False

    def _check(self, answers: Mapping[str, Answer]) -> None:
        failed = [name for name, answer in answers.items() if answer.has_failed]
        silent = [name for name, answer in answers.items() if answer.error]
        if not silent:
            return
        name = (failed or silent)[0]
        when = "its unit has failed" if failed else f"it did not answer within {self.seconds:g} s"
        raise Problem(
            f"cannot start {', '.join(failed or silent)}",
            f"{name}: {when}: {answers[name].error}",
            f"read its log: journalctl -u {unit_of(name)} -b",
            log=journal(unit_of(name)),
        )

    def undo(self, step: Task[ProvePayload], memo: Memo[ProveNotes], tell: Tell) -> None:
        """Do nothing."""

    def _watch(self, over: Event) -> None:
        """Raise Problem as soon as a port stays another's, and end the wait for all the others."""
        was_strange = False
        while not over.wait(WATCH_SECONDS):
            try:
                self.refuse(self.goal, owners(self.goal))
                was_strange = False
            except Problem:
                if was_strange:
                    over.set()
                    raise
                was_strange = True

    def _wait_until_ready(self, name: str, probe: Probe, over: Event) -> Answer:
        end = time.monotonic() + self.seconds
        while (error := probe()) and time.monotonic() < end and not over.is_set():
            if run(("systemctl", "is-failed", "--quiet", unit_of(name)), check=False).ok:
                over.set()
                return Answer(time.time(), error, has_failed=True)
            time.sleep(0.05)
        return Answer(time.time(), error)


def unit_of(service: str) -> str:
    """Return the unit of a service of `native`."""
    return UNITS.get(service) or f"omnimind-{service.partition(':')[2]}@1"


def journal(unit: str, lines: int = 15) -> tuple[str, ...]:
    """Return a unit's last log lines."""
    result = run(("journalctl", "-u", unit, "-b", "-n", str(lines), "--no-pager", "-o", "cat"), check=False)
    return tuple(result.out.splitlines())
