"""Start items in the catalogue's order, in parallel where it allows that, each until it is ready.

One loop, no fixed delays. Start at ServiceStarter.run().
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.flows.startup.critical_chain import ChainLink
from omnimind_ops.flows.startup.items import Item, Task, log_tail
from omnimind_ops.health.probe_pool import ProbePool
from omnimind_ops.managers import Manager, ProcessState
from omnimind_ops.model.event import StepChanged, StepProblem, Tell, line
from omnimind_ops.model.health import Outcome
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.status import Status
from omnimind_ops.runner.interrupt import Stop

GOOD_ANSWERS = 3
"""Consecutive answers until a backend counts as ready: two workers share a port, and one answer proves only one."""
ATTEMPTS = 4
"""Restarts by the manager during one start, after which a process that was never ready is given up."""
PAUSE = 0.08
PROBE_SECONDS = 0.5  # time a probe may delay the others; it continues in the background
Probe = Callable[[Service], Outcome]


@dataclass
class ServiceStarter:
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
    pool: ProbePool[Outcome] = field(default_factory=ProbePool)
    origin: float = 0.0

    def __post_init__(self) -> None:
        self.origin = self.now()
        for task in self.tasks:
            self.items[task.name] = Item(task.name, task.title, task.after, act=task.act, phase="prepare")
        for service in self.services:
            after = (*service.after, *self.waits.get(service.name, ()))
            self.items[service.name] = Item(service.name, f"Start {service.name}", after, service=service)

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

    def links(self) -> dict[str, ChainLink]:
        """Return the items that are ready, with their times since the start began."""
        return {
            name: ChainLink(name, item.began - self.origin, item.ready - self.origin, item.after)
            for name, item in self.items.items()
            if item.began is not None and item.ready is not None
        }

    def _turn(self, left: Sequence[Item]) -> None:
        states = self.manager.states([name for item in left for name in item.processes])
        for item in left:
            if item.began is None:
                self._begin(item, states)
        begun = [item for item in left if item.began is not None and not item.is_over]
        for item in begun:
            self._watch(item, states)
        due = {item.name: item.service for item in begun if item.service and not item.is_over and _runs(item, states)}
        if due:
            probes = {name: partial(self.probe, service) for name, service in due.items()}
            for name, pending in self.pool.run(probes, PROBE_SECONDS).items():
                if pending.done.is_set():
                    self._record(self.items[name], pending.result or Outcome(False, why=str(pending.error)))
        time.sleep(PAUSE)

    def _begin(self, item: Item, states: Mapping[str, ProcessState]) -> None:
        if self._fails_with_dependency(item):
            return
        if not all(self.items[name].is_over for name in item.after if name in self.items):
            return
        item.began = self.now()
        self._report(item, Status.DOING)
        if item.act:
            item.thread = threading.Thread(target=self._act, args=(item,), name=item.name)
            item.thread.start()
            return
        missing = [name for name in item.processes if states[name].state not in ("running", "starting")]
        # A process that its manager is about to restart keeps its count: only later failures belong to this start.
        item.restarts = {
            name: states[name].restarts if name not in missing or states[name].state == "backoff" else 0
            for name in item.processes
        }
        item.changed = bool(missing)
        try:
            self.manager.start([*(item.service.sockets if item.service and missing else ()), *missing])
        except Problem as problem:
            self._fail(item, problem)

    def _fails_with_dependency(self, item: Item) -> bool:
        """Give up an item whose dependency was given up, whether it was begun or not."""
        needs = (*item.after, *(item.service.needs if item.service else ()))
        failed = next((name for name in needs if name in self.items and self.items[name].problem), None)
        if failed:
            why, fix = f"it needs {failed}, which failed", f"repair {failed} first: omnimind logs {failed}"
            self._fail(item, Problem(f"cannot start {item.name}", why, fix))
        return failed is not None

    def _act(self, item: Item) -> None:
        try:
            assert item.act
            item.changed = item.act()
        except Problem as problem:
            item.task_problem = problem
        except BaseException as error:  # raised again in the main thread
            item.error = error

    def _watch(self, item: Item, states: Mapping[str, ProcessState]) -> None:
        if item.thread:
            if not item.thread.is_alive():
                self._end_task(item)
            return
        if self._fails_with_dependency(item):
            return
        for name in item.processes:
            if why := _failure(states.get(name), item.restarts.get(name, 0)):
                self._fail(item, self._problem(item, f"{name} {why}", name))
                return
        assert item.service and item.began is not None
        if self.now() - item.began > item.service.start_seconds:
            slow = next((name for name in item.processes if states[name].state != "running"), item.processes[0])
            why = (
                f"it is not ready after {item.service.start_seconds} s: {item.why or f'{slow} is {states[slow].state}'}"
            )
            self._fail(item, self._problem(item, why, slow))

    def _end_task(self, item: Item) -> None:
        if item.error is not None:
            raise item.error
        if item.task_problem is not None:
            self._fail(item, item.task_problem)
        else:
            self._done(item)

    def _record(self, item: Item, outcome: Outcome) -> None:
        item.why = outcome.why
        item.good = item.good + 1 if outcome.ready else 0
        needed = GOOD_ANSWERS if item.service and item.service.kind is Kind.BACKEND else 1
        if item.good >= needed:
            if outcome.degraded:
                self.tell(line(item.name, f"{item.name}: {outcome.why}"))
            self._done(item)

    def _done(self, item: Item) -> None:
        item.ready = self.now()
        self._report(item, Status.DONE)

    def _fail(self, item: Item, problem: Problem) -> None:
        item.problem = problem
        self._report(item, Status.FAILED, problem)

    def _problem(self, item: Item, why: str, process: str) -> Problem:
        return Problem(
            f"cannot start {item.name}",
            why,
            f"full log: omnimind logs {process}",
            log=log_tail(self.manager, process),
        )

    def _report(self, item: Item, status: Status, problem: Problem | None = None) -> None:
        if problem:
            self.tell(StepProblem(item.name, str(problem), problem.why, problem.fix, problem.log))
        event = StepChanged(item.name, item.title, status, item.phase)
        if status is not Status.DOING:
            now = self.now()
            took = now - (item.began if item.began is not None else now)
            event = replace(event, seconds=took, changed=item.changed, at=now - self.origin)
        self.tell(event)

    def _interrupted(self, problem: Problem) -> Problem:
        names: dict[str, list[str]] = {"ready": [], "starting": [], "not started": []}
        for item in self.items.values():
            if item.service:
                names[item.progress].append(item.name)
        progress = "; ".join(f"{state}: {', '.join(items)}" for state, items in names.items() if items)
        return Problem(
            "cannot finish the start",
            f"{problem.why}; {progress}",
            "omnimind up continues from here; omnimind down stops what runs",
            code=ExitCode.INTERRUPTED,
        )

    def _join(self) -> None:
        """Wait for tasks in progress, so that none is left half done."""
        for item in self.items.values():
            if item.thread:
                item.thread.join()


def _runs(item: Item, states: Mapping[str, ProcessState]) -> bool:
    return all(states[name].state == "running" for name in item.processes)


def _failure(process: ProcessState | None, before: int) -> str:
    """Return why a process will not become ready, "" while it may; `before`: restarts before this start."""
    if process is None:
        return ""
    if process.code == os.EX_CONFIG:
        return "reports a configuration error, see its log"
    if process.state == "backoff" and process.restarts - before >= ATTEMPTS:
        return f"keeps ending: {process.detail}"
    return f"has failed: {process.detail}" if process.state == "failed" else ""
