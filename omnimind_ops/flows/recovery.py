"""A recovery as a run in the journal, and its action: stop, start or kill.

Its plan is "recover", with one step for each escalation level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from omnimind_ops.health.recovery_actions import ESCALATIONS, Escalation, Restart
from omnimind_ops.managers import Manager
from omnimind_ops.model.event import Event, StepChanged, Tell, line, warning
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import RestartNotes
from omnimind_ops.model.payloads import RestartPayload
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.model.world import World
from omnimind_ops.runner import lock
from omnimind_ops.runner.events import EventRecorder, redacting
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal

PLAN = "recover"
WHO = "omnimind-guard"
_TITLES = {
    Escalation.WORKER: "restart the failing processes of {}",
    Escalation.UNIT: "restart {}",
    Escalation.DEPENDANTS: "restart {} and its dependants",
}


@dataclass
class RecoveryLog:
    """Records recoveries in the journal. A journal that cannot be written causes a warning and stops no recovery."""

    world: World
    tell: Tell
    runs: dict[str, str] = field(default_factory=dict)  # service → its run

    def started(self, restart: Restart) -> None:
        """Record the next action and its reason before it is carried out."""
        self._begin(restart.service, restart.reason)

        def write(journal: Journal, run: str) -> None:
            journal.memo(run, step_of(restart), RestartNotes).write(RestartNotes(restart.processes))
            journal.mark(run, step_of(restart), Status.DOING)

        self._write(restart.service, write)
        title, processes = _TITLES[restart.escalation].format(restart.service), ", ".join(restart.processes)
        text = f"{title} ({processes}), attempt {restart.attempt} of {len(ESCALATIONS)}: {restart.reason}"
        event = StepChanged(step_of(restart), text, Status.DOING, PLAN, rung=restart.escalation, reason=restart.reason)
        self.event(restart.service, event)

    def ended(self, restart: Restart, seconds: float, problem: str = "") -> None:
        """Record how the action ended."""
        status = Status.FAILED if problem else Status.DONE
        self._write(
            restart.service,
            lambda journal, run: journal.mark(run, step_of(restart), status, seconds=seconds, problem=problem or None),
        )
        text = (
            f"cannot restart {', '.join(restart.processes)}: {problem}"
            if problem
            else f"{', '.join(restart.processes)} restarted in {seconds:.1f} s"
        )
        self.event(restart.service, StepChanged(step_of(restart), text, status, PLAN, seconds))

    def recovered(self, service: str) -> None:
        """Record that the service is healthy again."""
        self.event(service, line("", f"{service} has recovered"))
        self._end(service, RunState.FINISHED)

    def stopped(self, service: str) -> None:
        """Record that the guard stopped during the recovery."""
        self.event(service, line("", f"the guard was stopped during the recovery of {service}"))
        self._end(service, RunState.FINISHED)

    def gave_up(self, service: str, reason: str) -> None:
        """Record that the guard gives the service up, and why."""
        self._begin(service, reason)
        self.event(service, warning(f"gave up on {service}: {reason}"))
        self._end(service, RunState.FAILED)

    def event(self, service: str, event: Event) -> None:
        """Record an event and pass it on."""
        run, tell_unrecorded = self.runs.get(service), redacting(self.tell)
        if run is None:
            tell_unrecorded(event)
            return
        try:
            with Journal(self.world.journal) as journal:
                EventRecorder(journal, run, self.tell)(event)
        except Problem as problem:
            tell_unrecorded(event)
            tell_unrecorded(warning(f"cannot write this to the journal: {problem}"))

    def _begin(self, service: str, reason: str) -> None:
        if service not in self.runs:
            with suppress(Problem), Journal(self.world.journal) as journal:
                self.runs[service] = journal.create(plan(service), {"service": service, "reason": reason}).id

    def _end(self, service: str, state: RunState) -> None:
        self._write(service, lambda journal, run: journal.state(run, state))
        self.runs.pop(service, None)

    def _write(self, service: str, write: Callable[[Journal, str], None]) -> None:
        run = self.runs.get(service)
        if run is not None:
            with suppress(Problem), Journal(self.world.journal) as journal:
                write(journal, run)


def plan(service: str) -> Plan:
    """Return the escalation levels as steps."""
    steps = (
        Step.of(f"{n}-{escalation}", RestartPayload(service), _TITLES[escalation].format(service), Undo.NO, PLAN)
        for n, escalation in enumerate(ESCALATIONS, 1)
    )
    return Plan(PLAN, tuple(steps))


def step_of(restart: Restart) -> str:
    """Return the step ID of an attempt."""
    return f"{restart.attempt}-{ESCALATIONS[restart.attempt - 1]}"


def perform(manager: Manager, restart: Restart) -> None:
    """Restart the action's processes; return once their start is requested.

    A hung worker is killed, because it reacts to nothing else, and its manager starts it again at once. Everything else
    is stopped in an orderly way first.
    """
    if restart.escalation is not Escalation.WORKER:
        manager.stop(restart.processes)
        manager.start(restart.processes)
        return
    states = manager.states(restart.processes)
    for name in restart.processes:
        if states[name].pid:
            manager.kill(name)
        else:
            manager.start([name])


def unfinished(world: World) -> tuple[Run, ...]:
    """Return the recoveries that the previous guard left unfinished."""
    try:
        return tuple(
            run for run in History(world.journal).runs() if run.plan.name == PLAN and run.state is RunState.RUNNING
        )
    except Problem:
        return ()


def resume(world: World, manager: Manager, run: Run, tell: Tell) -> int:
    """Start what the previous guard stopped and did not start again; return how many attempts it made."""
    for record in run.steps:
        names = record.notes(RestartNotes).processes
        if record.status is Status.DOING and names is not None:
            tell(line(record.step.id, f"starting {', '.join(names)}: the previous guard ended during the restart"))
            with lock.hold(world.lock, WHO, f"start {', '.join(names)}"):
                manager.start(names)
            with Journal(world.journal) as journal:
                journal.mark(run.id, record.step.id, Status.DONE)
    return sum(record.status is not Status.TODO for record in run.steps)


def service_of(setup: Mapping[str, JSON]) -> str:
    """Return the service of a recovery."""
    return str(setup.get("service", ""))
