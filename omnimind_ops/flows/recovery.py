"""A recovery as a run in the journal, and its action: stop, start or kill.

Its plan is "recover", with one step for each escalation level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from omnimind_ops.health.moves import LADDER, Act, Rung
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
    Rung.WORKER: "restart what is sick of {}",
    Rung.UNIT: "restart all of {}",
    Rung.DEPENDANTS: "restart {} and what needs it",
}


@dataclass
class Record:
    """Records recoveries in the journal. A journal that cannot be written causes a warning and stops no recovery."""

    world: World
    tell: Tell
    runs: dict[str, str] = field(default_factory=dict)  # service → its run

    def doing(self, act: Act) -> None:
        """Record the next action and its reason before it is carried out."""
        self._begin(act.service, act.reason)

        def write(journal: Journal, run: str) -> None:
            journal.memo(run, step_of(act), RestartNotes).write(RestartNotes(act.processes))
            journal.mark(run, step_of(act), Status.DOING)

        self._write(act.service, write)
        text = f"{_TITLES[act.rung].format(act.service)} ({', '.join(act.processes)}), attempt {act.attempt} of {len(LADDER)}: {act.reason}"
        event = StepChanged(step_of(act), text, Status.DOING, PLAN, rung=act.rung, reason=act.reason)
        self.event(act.service, event)

    def did(self, act: Act, seconds: float, problem: str = "") -> None:
        """Record how the action ended."""
        status = Status.FAILED if problem else Status.DONE
        self._write(
            act.service,
            lambda journal, run: journal.mark(run, step_of(act), status, seconds=seconds, problem=problem or None),
        )
        text = (
            f"cannot restart {', '.join(act.processes)}: {problem}"
            if problem
            else f"{', '.join(act.processes)} started again after {seconds:.1f} s"
        )
        self.event(act.service, StepChanged(step_of(act), text, status, PLAN, seconds))

    def well(self, service: str) -> None:
        """Record that the service is healthy again."""
        self.event(service, line("", f"{service} is well again"))
        self._end(service, RunState.FINISHED)

    def stopped(self, service: str) -> None:
        """Record that the guard stopped during the recovery."""
        self.event(service, line("", f"the guard was stopped while it looked after {service}"))
        self._end(service, RunState.FINISHED)

    def gave_up(self, service: str, reason: str) -> None:
        """Record that the guard gives the service up, and why."""
        self._begin(service, reason)
        self.event(service, warning(f"leaves {service} alone: {reason}"))
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
            tell_unrecorded(warning(f"this is not in the journal: {problem}"))

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
        Step.of(f"{n}-{rung}", RestartPayload(service), _TITLES[rung].format(service), Undo.NO, PLAN)
        for n, rung in enumerate(LADDER, 1)
    )
    return Plan(PLAN, tuple(steps))


def step_of(act: Act) -> str:
    """Return the step ID of an attempt."""
    return f"{act.attempt}-{LADDER[act.attempt - 1]}"


def perform(manager: Manager, act: Act) -> None:
    """Restart the action's processes; return once their start is requested.

    A hung worker is killed, because it reacts to nothing else, and its manager starts it again at once. Everything else
    is stopped in an orderly way first.
    """
    if act.rung is not Rung.WORKER:
        manager.stop(act.processes)
        manager.start(act.processes)
        return
    states = manager.states(act.processes)
    for name in act.processes:
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
            tell(line(record.step.id, f"starts {', '.join(names)}: the guard ended while it restarted them"))
            with lock.hold(world.lock, WHO, f"start {', '.join(names)}"):
                manager.start(names)
            with Journal(world.journal) as journal:
                journal.mark(run.id, record.step.id, Status.DONE)
    return sum(record.status is not Status.TODO for record in run.steps)


def service_of(setup: Mapping[str, JSON]) -> str:
    """Return the service of a recovery."""
    return str(setup.get("service", ""))
