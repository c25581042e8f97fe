"""Start items in the catalogue's order, in parallel where it allows that, each until it is ready.

One loop, no fixed delays. Start at Start.run().
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.flows.startup.critical_chain import Link
from omnimind_ops.flows.startup.items import Item, Task, last_words
from omnimind_ops.health.crew import Crew
from omnimind_ops.managers import Manager, ProcessState
from omnimind_ops.model.event import StepChanged, StepProblem, Tell, line
from omnimind_ops.model.health import Outcome
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import Status
from omnimind_ops.runner.interrupt import Stop

GOOD_ANSWERS = 3
"""Consecutive answers until a backend counts as ready: two workers share a port, and one answer proves only one."""
CANNOT = 78
"""Exit code of a program that cannot start, however often it is tried.

EX_CONFIG of sysexits.h, as in backend/engine/__main__.py.
"""
ATTEMPTS = 4
"""Restarts by the manager during one start, after which a process that was never ready is given up."""
PAUSE = 0.08
ANSWER_SECONDS = 0.5  # time a probe may delay the others; it continues in the background
Probe = Callable[[Service], Outcome]


@dataclass
class Start:
    """One start.

    `probe` returns whether a service is ready; `waits` adds names of tasks, by service, to the catalogue's
    dependencies.
    """

    manager: Manager
    services: Sequence[Service]
    tasks: Sequence[Task]
    waits: Mapping[str, tuple[str, ...]]
    probe: Probe
    tell: Tell
    stop: Stop
    now: Callable[[], float] = time.monotonic
    items: dict[str, Item] = field(default_factory=dict)
    crew: Crew[Outcome] = field(default_factory=Crew)
    origin: float = 0.0

    def __post_init__(self) -> None:
        self.origin = self.now()
        for task in self.tasks:
            self.items[task.name] = Item(task.name, task.title, task.after, act=task.act, phase="prepare")
        for one in self.services:
            self.items[one.name] = Item(
                one.name, f"Start {one.name}", (*one.after, *self.waits.get(one.name, ())), service=one
            )

    def run(self) -> None:
        """Run until everything is ready or has failed; an interruption is a Problem that lists what runs."""
        try:
            while left := [item for item in self.items.values() if not item.is_over]:
                self.stop.check()
                self._turn(left)
        except Problem as problem:
            if problem.code is ExitCode.INTERRUPTED:
                raise self._interrupted(problem) from problem
            raise
        finally:
            self._join()

    def links(self) -> dict[str, Link]:
        """Return the items that are ready, with their times since the start began."""
        found = {name: (item.began, item.ready) for name, item in self.items.items()}
        return {
            name: Link(name, a - self.origin, b - self.origin, self.items[name].after)
            for name, (a, b) in found.items()
            if a is not None and b is not None
        }

    def _turn(self, left: Sequence[Item]) -> None:
        states = self.manager.states([name for item in left for name in item.processes])
        for item in left:
            if item.began is None:
                self._begin(item, states)
        begun = [item for item in left if item.began is not None and not item.is_over]
        for item in begun:
            self._watch(item, states)
        ask = {
            item.name: item.service for item in begun if item.service and not item.is_over and _all_run(item, states)
        }
        if ask:
            answers = self.crew.ask({name: self._question(service) for name, service in ask.items()}, ANSWER_SECONDS)
            for name, asked in answers.items():
                if asked.done.is_set():
                    self._take(self.items[name], asked.answer or Outcome(False, why=str(asked.error)))
        time.sleep(PAUSE)

    def _question(self, service: Service) -> Callable[[], Outcome]:
        return lambda: self.probe(service)

    def _begin(self, item: Item, states: Mapping[str, ProcessState]) -> None:
        if self._lacks(item):
            return
        if not all(self.items[name].is_over for name in item.after if name in self.items):
            return
        item.began = self.now()
        self._say(item, Status.DOING)
        if item.act:
            item.thread = threading.Thread(target=self._act, args=(item,), name=item.name)
            item.thread.start()
            return
        asleep = [name for name in item.processes if states[name].state not in ("running", "starting")]
        # A process that its manager is about to restart keeps its count: only later failures belong to this start.
        item.restarts = {
            name: states[name].restarts if name not in asleep or states[name].state == "backoff" else 0
            for name in item.processes
        }
        item.changed = bool(asleep)
        try:
            self.manager.start([*(item.service.sockets if item.service and asleep else ()), *asleep])
        except Problem as problem:
            self._fail(item, problem)

    def _lacks(self, item: Item) -> bool:
        """Give up an item whose dependency was given up, whether it was begun or not."""
        needs = (*item.after, *(item.service.needs if item.service else ()))
        failed = next((name for name in needs if name in self.items and self.items[name].problem), None)
        if failed:
            self._fail(
                item, Problem(f"cannot start {item.name}", f"it needs {failed}, which failed", f"see to {failed} first")
            )
        return failed is not None

    def _act(self, item: Item) -> None:
        try:
            assert item.act
            item.changed = item.act()
        except BaseException as error:  # reported in the main thread
            item.error = error

    def _watch(self, item: Item, states: Mapping[str, ProcessState]) -> None:
        if item.thread:
            if not item.thread.is_alive():
                self._end_task(item)
            return
        if self._lacks(item):
            return
        for name in item.processes:
            if why := _gave_up(states.get(name), item.restarts.get(name, 0)):
                self._fail(item, self._problem(item, f"{name} {why}", name))
                return
        assert item.service and item.began is not None
        if self.now() - item.began > item.service.start_seconds:
            slow = next((name for name in item.processes if states[name].state != "running"), item.processes[0])
            why = f"it is not ready after {item.service.start_seconds} s: {item.said or f'{slow} is {states[slow].state}'}"
            self._fail(item, self._problem(item, why, slow))

    def _end_task(self, item: Item) -> None:
        if item.error is None:
            self._done(item)
        elif isinstance(item.error, Problem):
            self._fail(item, item.error)
        else:
            raise item.error

    def _take(self, item: Item, outcome: Outcome) -> None:
        item.said = outcome.why
        item.good = item.good + 1 if outcome.ready else 0
        needed = GOOD_ANSWERS if item.service and item.service.kind is Kind.BACKEND else 1
        if item.good >= needed:
            if outcome.degraded:
                self.tell(line(item.name, f"{item.name}: {outcome.why}"))
            self._done(item)

    def _done(self, item: Item) -> None:
        item.ready = self.now()
        self._say(item, Status.DONE)

    def _fail(self, item: Item, problem: Problem) -> None:
        item.problem = problem
        self._say(item, Status.FAILED, problem)

    def _problem(self, item: Item, why: str, process: str) -> Problem:
        return Problem(
            f"cannot start {item.name}",
            why,
            f"all of its log: omnimind logs {process}",
            log=last_words(self.manager, process),
        )

    def _say(self, item: Item, status: Status, problem: Problem | None = None) -> None:
        if problem:
            self.tell(StepProblem(item.name, str(problem), problem.why, problem.fix, problem.log))
        event = StepChanged(item.name, item.title, status, item.phase)
        if status is not Status.DOING:
            now = self.now()
            took = now - (item.began if item.began is not None else now)
            event = replace(event, seconds=took, changed=item.changed, at=now - self.origin)
        self.tell(event)

    def _interrupted(self, problem: Problem) -> Problem:
        by = {"ready": [], "starting": [], "not started": []}  # type: dict[str, list[str]]
        for item in self.items.values():
            if item.service:
                by[
                    "ready" if item.ready is not None else "starting" if item.began is not None else "not started"
                ].append(item.name)
        said = "; ".join(f"{word}: {', '.join(names)}" for word, names in by.items() if names)
        return Problem(
            "cannot finish the start",
            f"{problem.why}; {said}",
            "omnimind up goes on from here, omnimind down ends what runs",
            code=ExitCode.INTERRUPTED,
        )

    def _join(self) -> None:
        """Wait for tasks in progress, so that none is left half done."""
        for item in self.items.values():
            if item.thread:
                item.thread.join()


def _all_run(item: Item, states: Mapping[str, ProcessState]) -> bool:
    return all(states[name].state == "running" for name in item.processes)


def _gave_up(process: ProcessState | None, before: int) -> str:
    """Return why the start no longer waits for a process, "" while it does; `before`: restarts before this start."""
    if process is None:
        return ""
    if process.code == CANNOT:
        return "cannot be started as it is; its log says why"
    if process.state == "backoff" and process.restarts - before >= ATTEMPTS:
        return f"ends again and again: {process.detail}"
    return f"has failed: {process.detail}" if process.state == "failed" else ""
