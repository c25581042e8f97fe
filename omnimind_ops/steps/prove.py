"""kind "prove": wait until every native service answers a real request, and record when each one first did.

An answer counts only from the unit's own process: an old container that came back answers as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
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
from omnimind_ops.steps import unit_watch
from omnimind_ops.steps.owner import Refuse, owners, refuse_strangers
from omnimind_ops.steps.unit_watch import UnitWatch

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
    """A service's first good answer (unix time), or why there was none."""

    at: float
    error: str | None


@dataclass(frozen=True)
class ProveStep:
    """Runs all probes in parallel until each succeeds.

    A service without an answer within the time-out is a Problem with its unit's own log. A unit that fails for good
    ends the wait for all at once: those that need it would only wait for their time-outs, and a probe may hang.
    """

    payload: ClassVar = ProvePayload
    notes: ClassVar = ProveNotes
    goal: Goal
    credentials: Callable[[], Credentials]
    seconds: float = CRITICAL_SECONDS
    refuse: Refuse = refuse_strangers
    show: unit_watch.Show = unit_watch.show
    log: unit_watch.Log = unit_watch.log

    def preview(self, step: Task[ProvePayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[ProvePayload], memo: Memo[ProveNotes], tell: Tell) -> bool:
        """Probe the services; note the wall-clock times of the first good answers."""
        probes, over = native(self.goal, self.credentials()), Event()
        watch = UnitWatch(unit_watch.watched(self.goal), tell, step.id, self.show, self.log)
        pool = ThreadPoolExecutor(len(probes) + 1)
        try:
            strangers = pool.submit(self._refuse_lasting_strangers, over)
            waits = {name: pool.submit(self._wait_until_ready, probe, over) for name, probe in probes.items()}
            self._watch(watch, waits, strangers)
            over.set()
            strangers.result()
        finally:
            over.set()
            pool.shutdown(wait=False)  # a probe that hangs has nothing to say any more
        answers = {name: answer.result() for name, answer in waits.items()}
        self._check(answers)
        self.refuse(self.goal, owners(self.goal))
        memo.write(ProveNotes({name: answer.at for name, answer in answers.items()}))
        tell(line(step.id, ", ".join(answers)))
        return False

    def undo(self, step: Task[ProvePayload], memo: Memo[ProveNotes], tell: Tell) -> None:
        """Do nothing."""

    def _watch(self, watch: UnitWatch, waits: Mapping[str, Future[Answer]], strangers: Future[None]) -> None:
        """Return when every wait has ended.

        Raises Problem as soon as a unit has failed for good or a port is another's.
        """
        while wait(waits.values(), timeout=unit_watch.SECONDS).not_done:
            if strangers.done():
                strangers.result()
            if failure := watch.look():
                self.refuse(self.goal, owners(self.goal))  # a port that is taken explains the failure
                raise unit_watch.problem(failure, self.log(failure.unit))

    def _check(self, answers: Mapping[str, Answer]) -> None:
        silent = [name for name, answer in answers.items() if answer.error]
        if not silent:
            return
        name = silent[0]
        raise Problem(
            f"cannot start {', '.join(silent)}",
            f"{name}: it did not answer within {self.seconds:g} s: {answers[name].error}",
            f"read its log: journalctl -u {unit_of(name)} -b",
            log=self.log(unit_of(name)),
        )

    def _refuse_lasting_strangers(self, over: Event) -> None:
        """Raise Problem as soon as a port stays another's."""
        was_strange = False
        while not over.wait(WATCH_SECONDS):
            try:
                self.refuse(self.goal, owners(self.goal))
                was_strange = False
            except Problem:
                if was_strange:
                    raise
                was_strange = True

    def _wait_until_ready(self, probe: Probe, over: Event) -> Answer:
        end = time.monotonic() + self.seconds
        while (error := probe()) and time.monotonic() < end and not over.is_set():
            time.sleep(0.05)
        return Answer(time.time(), error)


def unit_of(service: str) -> str:
    """Return the unit of a service of `native`."""
    return UNITS.get(service) or f"omnimind-{service.partition(':')[2]}@1"
