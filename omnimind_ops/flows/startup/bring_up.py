"""Bring a World up: start it, prove that it works, report what delayed it.

The same for both modes; start at bring_up().
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from omnimind_ops import managers
from omnimind_ops.catalogue import Kind, Service, services
from omnimind_ops.flows.startup.cpu_pressure import CpuPressure, PressureMeter
from omnimind_ops.flows.startup.critical_chain import ChainLink, chain, lines, slowest
from omnimind_ops.flows.startup.items import Task, log_tail
from omnimind_ops.flows.startup.services import ServiceStarter
from omnimind_ops.health import probes
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.history import STRICT
from omnimind_ops.model.event import RunEnded, RunStarted, StepState, Tell, line, warning
from omnimind_ops.model.health import Outcome, Report, State
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState
from omnimind_ops.model.world import World
from omnimind_ops.runner.clock import utc_now
from omnimind_ops.runner.interrupt import interrupts

PROBE_SECONDS = 2.0
SETTLE_SECONDS = 15.0
"""Extra time for services that are still starting at the final check, such as a worker that gets its first request."""
SETTLE_PAUSE = 0.25


@dataclass(frozen=True)
class Up:
    """Result of a start: what became ready when, how many services were started, and the health afterwards."""

    world: World
    changed: int
    seconds: float
    links: Mapping[str, ChainLink]
    chain: tuple[ChainLink, ...]
    slowest: ChainLink | None
    pressure: CpuPressure
    report: Report

    @property
    def url(self) -> str:
        """Return the URL of the web page."""
        return f"http://localhost:{self.world.system.frontend_port}"


def bring_up(world: World, tasks: tuple[Task, ...], waits: Mapping[str, tuple[str, ...]], tell: Tell) -> Up:
    """Start what does not run and prove that everything works.

    `waits` adds tasks to the dependencies of services in the catalogue.
    """
    manager, catalogue = managers.of(world), services(world)
    began, meter = time.monotonic(), PressureMeter()
    with interrupts(utc_now, lambda: tell(warning("stopping; running services stay up"))) as stop:
        starter = ServiceStarter(manager, catalogue, tasks, waits, _probe(world), tell, stop)
        steps = tuple(StepState(item.name, item.title, item.phase) for item in starter.items.values())
        tell(RunStarted(f"omnimind up ({world.mode})", "up", RunState.RUNNING, steps))
        try:
            _start(starter, tell)
            pressure = meter.wait()
            tell(line("", pressure.summary))
            report = _prove(world, manager)
        except Problem as problem:
            tell(RunEnded(f"omnimind up: {problem}", "up", RunState.FAILED))
            raise
        finally:
            meter.close()
    links = starter.links()
    own = [links[service.name] for service in catalogue if service.name in links]
    changed = sum(item.changed for item in starter.items.values())
    up = Up(world, changed, time.monotonic() - began, links, chain(links), slowest(own), pressure, report)
    for text in lines(up.chain) if up.changed else ():
        tell(line("", text))
    summary = f"omnimind up: {report.state} after {up.seconds:.1f} s, {changed} changes"
    tell(RunEnded(summary, "up", RunState.FINISHED))
    return up


def _start(starter: ServiceStarter, tell: Tell) -> None:
    """Start everything; raise one Problem for all that failed."""
    starter.run()
    problems = {name: item.problem for name, item in starter.items.items() if item.problem}
    if problems:
        ready = [item.name for item in starter.items.values() if item.service and item.ready is not None]
        if ready:
            tell(line("", f"left running: {', '.join(ready)} (omnimind down stops them)"))
        raise _together(problems)


def _probe(world: World) -> Callable[[Service], Outcome]:
    """Return the readiness probe. Before its database exists, PostgreSQL is only probed for a successful login."""
    early = replace(world, postgres_dsn=world.postgres_admin or world.postgres_dsn)
    return lambda service: probes.of(
        service, early if service.kind is Kind.POSTGRES else world, probes.Depth(deep=False, seconds=PROBE_SECONDS)
    )


def _prove(world: World, manager: managers.Manager) -> Report:
    """Send a real request through all tiers; raise Problem if a critical service cannot answer."""
    cache, end = Cache(STRICT), time.monotonic() + SETTLE_SECONDS
    while True:
        report = check(world, manager, cache, every_worker=False)
        if report.state not in (State.STARTING, State.DOWN) or time.monotonic() >= end:
            break
        time.sleep(SETTLE_PAUSE)
        cache.histories.clear()
    bad_states = (State.DOWN, State.STOPPED, State.STARTING)
    bad = next((reading for reading in report.services if reading.critical and reading.state in bad_states), None)
    if bad is None:
        return report
    cause = next(service for service in services(world) if service.name == (bad.root or bad.service))
    fix = f"full log: omnimind logs {cause.name}"
    raise Problem(f"cannot prove that {bad.service} works", bad.why, fix, log=log_tail(manager, cause.processes[0]))


def _together(problems: Mapping[str, Problem]) -> Problem:
    """Return one Problem for all: the first cause in full, the others by name."""
    first = next((problem for problem in problems.values() if problem.log), next(iter(problems.values())))
    others = [name for name, problem in problems.items() if problem is not first]
    why = f"{first.why}; also not ready: {', '.join(others)}" if others else first.why
    return Problem(first.what, why, first.fix, log=first.log, code=first.code)
