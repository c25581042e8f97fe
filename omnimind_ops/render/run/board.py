"""Board: what is known of a run, put together from its events. The live view draws it and the plain lines count with it. Pure but for `now`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from omnimind_ops.model.event import Event, EventKind
from omnimind_ops.model.json import JSON
from omnimind_ops.model.run import RunState, Status
from omnimind_ops.render.run.progress_rate import ProgressRate

AT_WORK = frozenset({Status.DOING, Status.UNDOING})
_WORKING = frozenset({RunState.RUNNING, RunState.ROLLING_BACK})


@dataclass
class Row:
    """One step as seen. `seconds` is how long it took, `began` when it started (monotonic)."""

    id: str
    title: str
    phase: str
    status: Status = Status.TODO
    seconds: float | None = None
    began: float | None = None
    changed: bool = True
    detail: str = ""
    pace: ProgressRate | None = None
    problem: str = ""


@dataclass
class Board:
    """All of a run. `now` is a monotonic clock."""

    now: Callable[[], float]
    run: str = ""
    name: str = ""
    state: RunState | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    current: str = ""  # id of the step that was touched last
    began: float | None = None
    ended: float | None = None
    cutover_began: float | None = None
    cutover_ended: float | None = None

    def take(self, event: Event) -> None:
        """Take one event into account."""
        self.began = self.now() if self.began is None else self.began
        match event.kind:
            case EventKind.RUN:
                self._run(event.data)
            case EventKind.STEP:
                self._step(event)
            case EventKind.PROGRESS if event.step in self.rows:
                self._progress(self.rows[event.step], event)
            case EventKind.LINE if event.step in self.rows:
                self.rows[event.step].detail = event.text
            case EventKind.WARNING if "why" in event.data and event.step in self.rows:
                self.rows[event.step].problem = event.text
            case EventKind.WARNING:
                self.warnings.append(event.text)
            case _:
                pass

    @property
    def phases(self) -> dict[str, list[Row]]:
        """Return the rows by phase, both in the plan's order."""
        found: dict[str, list[Row]] = {}
        for row in self.rows.values():
            found.setdefault(row.phase, []).append(row)
        return found

    @property
    def elapsed(self) -> float:
        """Return seconds since this process began to watch."""
        return 0.0 if self.began is None else (self.ended if self.ended is not None else self.now()) - self.began

    @property
    def downtime(self) -> float | None:
        """Return seconds since the cutover began, until it ended; None when there was none. The receipt has the measured one."""
        if self.cutover_began is None:
            return None
        return (self.cutover_ended if self.cutover_ended is not None else self.now()) - self.cutover_began

    def place(self, step: str) -> str:
        """Return `3/25`: a step's place in the run."""
        return f"{list(self.rows).index(step) + 1}/{len(self.rows)}" if step in self.rows else ""

    def _run(self, data: Mapping[str, JSON]) -> None:
        self.run, self.name = str(data.get("id", self.run)), str(data.get("name", self.name))
        self.state = RunState(str(data["status"]))
        self.ended = None if self.state in _WORKING else self.now()
        if self.ended is not None and self.cutover_began is not None and self.cutover_ended is None:
            self.cutover_ended = self.ended
        steps = data.get("steps")
        for step in steps if isinstance(steps, Sequence) and not isinstance(steps, str) else ():
            if isinstance(step, Mapping) and str(step["id"]) not in self.rows:
                row = Row(
                    str(step["id"]), str(step["title"]), str(step["phase"]), Status(str(step["status"])), _seconds(step)
                )
                self.rows[row.id] = row

    def _step(self, event: Event) -> None:
        row = self.rows.setdefault(event.step, Row(event.step, event.text, str(event.data.get("phase", "steps"))))
        row.status, self.current = Status(str(event.data["status"])), event.step
        if row.status in AT_WORK and "seconds" not in event.data:
            row.began, row.seconds, row.pace, row.detail = self.now(), None, None, ""
        if (seconds := _seconds(event.data)) is not None:
            row.seconds = seconds
        row.changed = event.data.get("changed") is not False
        if row.status is Status.DOING:
            self._cutover(row.phase)

    def _cutover(self, phase: str) -> None:
        if phase == "cutover" and self.cutover_began is None:
            self.cutover_began = self.now()
        elif phase != "cutover" and self.cutover_began is not None and self.cutover_ended is None:
            self.cutover_ended = self.now()

    def _progress(self, row: Row, event: Event) -> None:
        done, total, unit = event.data.get("done"), event.data.get("total"), str(event.data.get("unit", "B"))
        count = done if isinstance(done, int) else 0
        whole = total if isinstance(total, int) else None
        if row.pace is None:
            row.pace = ProgressRate(count, whole, unit, self.now())
        else:
            row.pace.take(count, whole, unit, self.now())
        row.detail = event.text


def _seconds(data: Mapping[str, JSON]) -> float | None:
    seconds = data.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else None
