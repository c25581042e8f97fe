"""The guard's cycle: check one system, let health/restart_policy.py decide, carry that out, one action at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from omnimind_ops.catalogue import services
from omnimind_ops.flows import recovery
from omnimind_ops.flows.health import HealthMonitor
from omnimind_ops.health import restart_policy, root_cause
from omnimind_ops.health.cache import save
from omnimind_ops.health.host import NO_ROOM
from omnimind_ops.health.probes import GUARD_FILE
from omnimind_ops.health.recovery_actions import (
    ESCALATIONS,
    Action,
    GiveUp,
    Incident,
    Limits,
    Observation,
    PolicyState,
    Recovered,
    Restart,
)
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
class PendingRestart:
    """A restart in its own thread: a slow stop must not block the checks."""

    restart: Restart
    done: threading.Event = field(default_factory=threading.Event)
    problem: Problem | None = None


@dataclass
class Guard:
    """The guard of one system."""

    monitor: HealthMonitor
    tell: Tell
    limits: Limits = field(default_factory=Limits)
    state: PolicyState = field(default_factory=PolicyState)
    pending: PendingRestart | None = None
    warned: dict[str, str] = field(default_factory=dict)  # last warning per service, to give each only once
    log: recovery.RecoveryLog = field(init=False)

    def __post_init__(self) -> None:
        self.monitor.cache.ttl = QUICK / 2
        self.log = recovery.RecoveryLog(self.monitor.world, self.tell)  # its events pass through the recorder of a run
        self.tell = redacting(self.tell)

    def resume(self) -> None:
        """Continue where the previous guard stopped: interrupted actions, attempts made, services given up."""
        monitor = self.monitor
        incidents = {
            name: Incident(attempts=len(ESCALATIONS), gave_up=why) for name, why in monitor.cache.gave_up.items()
        }
        for run in recovery.unfinished(monitor.world):
            service = recovery.service_of(run.setup)
            self.log.runs[service] = run.id
            try:
                incidents[service] = Incident(attempts=recovery.resume(monitor.world, monitor.manager, run, self.tell))
            except Problem as problem:
                self.tell(warning(f"cannot continue {run.id}: {problem}"))
        self.state = PolicyState(incidents)

    def tick(self) -> Report:
        """Check, decide, act; return the health report."""
        self._finish()
        report = self.monitor.check()
        if report.host.disk_used >= NO_ROOM:
            self._warn_once("disk", f"{report.host.disk} is full: nothing is restarted until there is room")
        elif self.warned.pop("disk", ""):
            self.monitor.cache.gave_up.clear()
        if self.pending is None:  # during a restart, the observed state is no evidence
            self.state, actions = restart_policy.decide(self.state, self._observation(report))
            for action in actions:
                self._do(action)
        self._write()
        return report

    @property
    def is_busy(self) -> bool:
        """Return whether a recovery is in progress: the guard then checks more often."""
        return self.pending is not None or any(
            incident.attempts and not incident.gave_up and incident.healthy_since is None
            for incident in self.state.incidents.values()
        )

    def end(self) -> None:
        """Wait briefly for an action in progress, then close the open recoveries.

        After an orderly stop of the guard an administrator is in charge, and the next guard starts afresh. An
        unfinished action stays open in the journal for the next guard to continue.
        """
        if self.pending:
            self.pending.done.wait(LAST_SECONDS)
            self._finish()
        unfinished = self.pending.restart.service if self.pending else ""
        for service in [name for name in self.log.runs if name != unfinished]:
            self.log.stopped(service)
        self.monitor.cache.gave_up.clear()
        self._write()

    def _observation(self, report: Report) -> Observation:
        world, cache, catalogue = self.monitor.world, self.monitor.cache, services(self.monitor.world)
        return Observation(
            report,
            {service.name: root_cause.dependants(service.name, catalogue) for service in catalogue},
            time.monotonic(),
            self.limits,
            {service.name: cache.history(service.name).at_fault(self.limits.failures) for service in catalogue},
            _foreign(world),
        )

    def _do(self, action: Action) -> None:
        match action:
            case Recovered(service):
                self.warned.pop(service, None)
                self.log.recovered(service)
            case GiveUp(service, reason):
                self.monitor.cache.gave_up[service] = reason
                self.log.gave_up(service, reason)
            case Restart(service, processes=processes, reason=reason) if not self.monitor.world.system.auto_recovery:
                text = f"would restart {', '.join(processes)}, but auto_recovery is off: {reason}"
                self._warn_once(service, text)
            case Restart():
                self._start(action)

    def _start(self, restart: Restart) -> None:
        self.pending = pending = PendingRestart(restart)

        def work() -> None:
            try:
                doing = f"restart {', '.join(restart.processes)}"
                with lock.hold(self.monitor.world.lock, recovery.WHO, doing):
                    self.log.started(restart)
                    began = time.monotonic()
                    pending.problem = _attempt(self.monitor, restart)
                    self.log.ended(restart, time.monotonic() - began, str(pending.problem or ""))
            except Problem as problem:  # another command is changing this system
                pending.problem = problem
            finally:
                pending.done.set()

        threading.Thread(target=work, name="act", daemon=True).start()

    def _finish(self) -> None:
        pending = self.pending
        if pending is None or not pending.done.is_set():
            return
        self.pending = None
        service, problem = pending.restart.service, pending.problem
        if problem and problem.code is ExitCode.BUSY:
            self._warn_once(service, f"cannot restart {service} now: {problem.why}")
            return
        self.state = restart_policy.restarted(self.state, pending.restart, time.monotonic(), self.limits)

    def _write(self) -> None:
        file = self.monitor.world.run / GUARD_FILE
        try:
            save(self.monitor.cache, file)
        except FileNotFoundError:
            return  # the folder is created with the first socket; at boot the guard may be earlier
        except OSError as error:
            self._warn_once("", f"cannot write {file}: {error.strerror}; health shows no history")

    def _warn_once(self, service: str, text: str) -> None:
        start = text.partition(" for ")[0]  # without the duration
        if self.warned.get(service) != start:
            self.warned[service] = start
            self.tell(warning(text))


def _attempt(monitor: HealthMonitor, restart: Restart) -> Problem | None:
    try:
        recovery.perform(monitor.manager, restart)
    except Problem as problem:
        return problem
    except Exception as error:  # an unexpected error must be in the journal, not end the thread
        why = f"{type(error).__name__}: {error}"
        return Problem(f"cannot restart {restart.service}", why, "unexpected error; please report it")
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
