"""Board: the state of a run, built from its events.

The live view draws it and the plain lines use its counts. Pure except for `now`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from omnimind_ops.model.event import Event, Line, Progress, RunEnded, RunStarted, StepChanged, StepProblem, Warning
from omnimind_ops.model.planned import STEP as ASK
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render.run.progress_rate import ProgressRate

AT_WORK = frozenset({Status.DOING, Status.UNDOING})
_WORKING = frozenset({RunState.RUNNING, RunState.ROLLING_BACK})


@dataclass
class Row:
    """One step as displayed. `seconds` is its duration, `began` its start (monotonic)."""

    id: str
    title: str
    phase: str
    status: Status = Status.TODO
    seconds: float | None = None
    began: float | None = None
    changed: bool = True
    detail: str = ""
    progress: ProgressRate | None = None
    problem: str = ""


@dataclass
class Board:
    """The whole run. `now` is a monotonic clock."""

    now: Callable[[], float]
    run: str = ""
    name: str = ""
    state: RunState | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    current: str = ""  # ID of the step that changed last
    began: float | None = None
    ended: float | None = None
    cutover_began: float | None = None
    cutover_ended: float | None = None

    def update(self, event: Event) -> None:
        """Update the board with one event."""
        self.began = self.now() if self.began is None else self.began
        match event:
            case RunStarted() | RunEnded():
                self._run(event)
            case StepChanged():
                self._step(event)
            case Progress() if event.step in self.rows:
                self._progress(self.rows[event.step], event)
            case Line() if event.step in self.rows:
                self.rows[event.step].detail = event.text
            case StepProblem() if event.step in self.rows:
                self.rows[event.step].problem = event.text
            case StepProblem() | Warning():
                self.warnings.append(event.text)
            case _:
                pass

    @property
    def phases(self) -> dict[str, list[Row]]:
        """Return the rows by phase, both in the plan's order."""
        phases: dict[str, list[Row]] = {}
        for row in self.rows.values():
            phases.setdefault(row.phase, []).append(row)
        return phases

    @property
    def elapsed(self) -> float:
        """Return the seconds since this process began to watch."""
        return 0.0 if self.began is None else (self.ended if self.ended is not None else self.now()) - self.began

    @property
    def downtime(self) -> float | None:
        """Return the seconds from the cutover's begin to its end, or to now; None without a cutover.

        The receipt has the measured downtime.
        """
        if self.cutover_began is None:
            return None
        return (self.cutover_ended if self.cutover_ended is not None else self.now()) - self.cutover_began

    def position(self, step: str) -> str:
        """Return a step's position in the run: `3/25`."""
        return f"{list(self.rows).index(step) + 1}/{len(self.rows)}" if step in self.rows else ""

    def _run(self, event: RunStarted | RunEnded) -> None:
        self.run, self.name, self.state = event.id, event.name, event.state
        self.ended = None if self.state in _WORKING else self.now()
        if self.ended is not None and self.cutover_began is not None and self.cutover_ended is None:
            self.cutover_ended = self.ended
        for step in event.steps if isinstance(event, RunStarted) else ():
            self.rows.setdefault(step.id, Row(step.id, step.title, step.phase, step.status, step.seconds))

    def _step(self, event: StepChanged) -> None:
        row = self.rows.setdefault(event.step, Row(event.step, event.text, event.phase or "steps"))
        row.status, self.current = event.status, event.step
        if event.seconds is not None:
            row.seconds = event.seconds
        elif row.status in AT_WORK:
            row.began, row.seconds, row.progress, row.detail = self.now(), None, None, ""
        row.changed = event.changed is not False
        if row.status is Status.DOING:
            self._cutover(row.id, row.phase)

    def _cutover(self, step: str, phase: str) -> None:
        if step == ASK:
            return  # the first step of a cutover only asks
        if phase == "cutover" and self.cutover_began is None:
            self.cutover_began = self.now()
        elif phase != "cutover" and self.cutover_began is not None and self.cutover_ended is None:
            self.cutover_ended = self.now()

    def _progress(self, row: Row, event: Progress) -> None:
        if row.progress is None:
            row.progress = ProgressRate(event.done, event.total, event.unit, self.now())
        else:
            row.progress.update(event.done, event.total, event.unit, self.now())
        row.detail = event.text
