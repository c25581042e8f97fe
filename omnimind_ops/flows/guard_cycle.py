"""The guard's cycle: check one system, let health/policy.py decide, carry that out, one action at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from omnimind_ops.catalogue import services
from omnimind_ops.flows import recovery
from omnimind_ops.flows.health import Looker
from omnimind_ops.health import blame, policy
from omnimind_ops.health.cache import save
from omnimind_ops.health.moves import LADDER, Act, Case, GiveUp, Limits, Look, Memory, Well
from omnimind_ops.health.probes import GUARD_FILE
from omnimind_ops.managers import units
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.health import Report
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.runner import lock
from omnimind_ops.runner.events import redacting

QUICK = 1.0
"""Seconds between checks while a recovery is in progress."""
LAST_SECONDS = 15.0
"""Maximum wait for an action in progress when the guard stops; the next guard finds unfinished work in the journal."""


@dataclass
class Under:
    """An action in progress in its own thread: a slow stop must not block the checks."""

    act: Act
    done: threading.Event = field(default_factory=threading.Event)
    problem: Problem | None = None


@dataclass
class Guard:
    """The guard of one system."""

    looker: Looker
    tell: Tell
    limits: Limits = field(default_factory=Limits)
    memory: Memory = field(default_factory=Memory)
    under: Under | None = None
    said: dict[str, str] = field(default_factory=dict)  # last warning per service, to give each only once
    record: recovery.Record = field(init=False)

    def __post_init__(self) -> None:
        self.looker.cache.ttl = QUICK / 2
        self.record = recovery.Record(self.looker.world, self.tell)  # its events pass through the recorder of a run
        self.tell = redacting(self.tell)

    def resume(self) -> None:
        """Continue where the previous guard stopped: interrupted actions, attempts made, services given up."""
        cases = {name: Case(attempts=len(LADDER), gave_up=why) for name, why in self.looker.cache.gave_up.items()}
        for run in recovery.unfinished(self.looker.world):
            service = recovery.service_of(run.setup)
            self.record.runs[service] = run.id
            try:
                cases[service] = Case(attempts=recovery.resume(self.looker.world, self.looker.manager, run, self.tell))
            except Problem as problem:
                self.tell(warning(f"cannot go on with {run.id}: {problem}"))
        self.memory = Memory(cases)

    def tick(self) -> Report:
        """Check, decide, act; return the health report."""
        self._finish()
        report = self.looker.look()
        every = services(self.looker.world)
        look = Look(
            report,
            {one.name: blame.dependants(one.name, every) for one in every},
            time.monotonic(),
            self.limits,
            _foreign(self.looker.world),
        )
        if self.under is None:  # during a restart, the observed state is no evidence
            self.memory, moves = policy.decide(self.memory, look)
            for move in moves:
                self._do(move)
        self._write()
        return report

    @property
    def is_busy(self) -> bool:
        """Return whether a recovery is in progress: the guard then checks more often."""
        return self.under is not None or any(
            case.attempts and not case.gave_up and case.well_since is None for case in self.memory.cases.values()
        )

    def end(self) -> None:
        """Wait briefly for an action in progress, then close the open recoveries.

        After an orderly stop of the guard an administrator is in charge, and the next guard starts afresh. An
        unfinished action stays open in the journal for the next guard to continue.
        """
        if self.under:
            self.under.done.wait(LAST_SECONDS)
            self._finish()
        for service in [name for name in self.record.runs if not (self.under and self.under.act.service == name)]:
            self.record.stopped(service)
        self.looker.cache.gave_up.clear()
        self._write()

    def _do(self, move: Act | GiveUp | Well) -> None:
        if isinstance(move, Well):
            self.said.pop(move.service, None)
            self.record.well(move.service)
        elif isinstance(move, GiveUp):
            self.looker.cache.gave_up[move.service] = move.reason
            self.record.gave_up(move.service, move.reason)
        elif not self.looker.world.auto_recovery:
            self._once(
                move.service, f"would restart {', '.join(move.processes)}, but auto_recovery is off: {move.reason}"
            )
        else:
            self._start(move)

    def _start(self, act: Act) -> None:
        self.under = under = Under(act)

        def work() -> None:
            try:
                with lock.hold(self.looker.world.lock, recovery.WHO, f"restart {', '.join(act.processes)}"):
                    self.record.doing(act)
                    began = time.monotonic()
                    under.problem = _attempt(self.looker, act)
                    self.record.did(act, time.monotonic() - began, str(under.problem or ""))
            except Problem as problem:  # another command is changing this system
                under.problem = problem
            finally:
                under.done.set()

        threading.Thread(target=work, name="act", daemon=True).start()

    def _finish(self) -> None:
        under = self.under
        if under is None or not under.done.is_set():
            return
        self.under = None
        if under.problem and under.problem.code is ExitCode.BUSY:
            self._once(under.act.service, f"does not restart {under.act.service} now: {under.problem.why}")
            return
        self.memory = policy.acted(self.memory, under.act, time.monotonic(), self.limits)

    def _write(self) -> None:
        try:
            save(self.looker.cache, self.looker.world.run / GUARD_FILE)
        except FileNotFoundError:
            return  # the folder is created with the first socket; at boot the guard may be earlier
        except OSError as error:
            self._once(
                "", f"cannot write {self.looker.world.run / GUARD_FILE}: {error.strerror}; health shows no history"
            )

    def _once(self, service: str, text: str) -> None:
        if self.said.get(service) != text.partition(" for ")[0]:
            self.said[service] = text.partition(" for ")[0]
            self.tell(warning(text))


def _attempt(found: Looker, act: Act) -> Problem | None:
    try:
        recovery.perform(found.manager, act)
    except Problem as problem:
        return problem
    except Exception as error:  # an unexpected error must be in the journal, not end the thread
        return Problem("cannot restart it", f"{type(error).__name__}: {error}", "report this")
    return None


def _foreign(world: World) -> frozenset[str]:
    """Return the native services whose units other software may use too."""
    if not world.native:
        return frozenset()
    return frozenset(
        service.name
        for service in services(world)
        if not all(units.may_stop(world, name) for name in service.processes)
    )
