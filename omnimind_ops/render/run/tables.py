"""Tables for people, made from the model and from the results of preflight and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from omnimind_ops.model.code import started_by
from omnimind_ops.model.data import compare
from omnimind_ops.model.fate import Fate
from omnimind_ops.model.notes import Sides
from omnimind_ops.model.plan import Change, Plan, Preview, Undo
from omnimind_ops.model.planned import awaited, missed
from omnimind_ops.model.receipt import ReceiptStep
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.check import Check, State
from omnimind_ops.planning.moment import shown
from omnimind_ops.render.format import duration
from omnimind_ops.render.run.drawing import STATES, STYLES
from omnimind_ops.render.run.fates import STYLES as FATES
from omnimind_ops.render.run.log import recovery_facts
from omnimind_ops.tools.redact import redact

if TYPE_CHECKING:
    from omnimind_ops.planning.report import Row

_STATE_STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}
_CHANGE_STYLES = {Change.YES: "bold cyan", Change.MAYBE: "yellow", Change.NO: "dim"}
_UNDO_STYLES = {Undo.YES: "green", Undo.UNTIL_FINISH: "green", Undo.KEPT: "dim", Undo.NO: "bold red"}
_NARROW = frozenset(
    [
        "phase",
        "changes",
        "undo",
        "state",
        "check",
        "service",
        "fate",
        "run",
        "steps done",
        "holds",
        "downtime",
        "status",
        "duration",
        "facts",
        "equal",
    ]
)
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def plan_table(plan: Plan, previews: Sequence[Preview] = ()) -> Table:
    """Return every step: phase, title, whether it changes anything (if previewed), and how far it can be undone."""
    change = {preview.step: preview.change for preview in previews}
    table = _table("phase", "step", *(("changes",) if previews else ()), "undo")
    phase = ""
    for step in plan.steps:
        cells = [Text(step.phase if step.phase != phase else "", "bold"), Text(step.title)]
        if previews:
            cells.append(
                Text(change[step.id], _CHANGE_STYLES[change[step.id]]) if step.id in change else Text("?", "dim")
            )
        table.add_row(*cells, Text(step.undo, _UNDO_STYLES[step.undo]))
        phase = step.phase
    return table


def plan_line(plan: Plan, previews: Sequence[Preview] = ()) -> str:
    """Return `plan c710e8b183cf · 9 of 14 steps would change · 2 maybe · 12 reversible · 2 kept, harmless`."""
    parts = [f"plan {plan.digest}"]
    if previews:
        number = {change: sum(preview.change is change for preview in previews) for change in Change}
        parts.append(f"{number[Change.YES]} of {len(plan.steps)} steps would change")
        parts += [f"{number[Change.MAYBE]} maybe"] if number[Change.MAYBE] else []
    else:
        parts.append(f"{len(plan.steps)} steps")
    counts = {undo: sum(step.undo is undo for step in plan.steps) for undo in Undo}
    return " · ".join([*parts, *(f"{count} {undo}" for undo, count in counts.items() if count)])


def details(plan: Plan, previews: Iterable[Preview]) -> Text:
    """Return the previews' details, with coloured file diffs."""
    titles = {step.id: step.title for step in plan.steps}
    text = Text()
    for preview in previews:
        if preview.lines:
            text.append(f"{titles.get(preview.step, preview.step)}\n", "bold")
            for line in redact("\n".join(preview.lines)).splitlines():
                mark = line.lstrip()
                text.append(
                    f"  {line}\n", "bold" if mark.startswith(("--- ", "+++ ")) else _DIFF_STYLES.get(mark[:1], "")
                )
    return text


def checks_table(checks: Iterable[Check]) -> Table:
    """Return the preflight's checks; the fix is below the result."""
    table = _table("check", "state", "result")
    for check in checks:
        style, result = _STATE_STYLES[check.state], Text(check.found)
        if check.state is not State.OK and check.fix:
            result.append(f"\nfix: {check.fix}", style)
        table.add_row(Text(check.id), Text(check.state, style), result)
    return table


def rows_table(rows: Iterable[Row]) -> Table:
    """Return how every key of the Compose file is migrated, by service and fate."""
    rows = list(rows)
    services, fates = list(dict.fromkeys(row.service for row in rows)), list(Fate)
    rows.sort(key=lambda row: (services.index(row.service), fates.index(row.fate)))
    table = _table("service", "fate", "key", "value", "reason")
    before: tuple[str, str] = ("", "")
    for row in rows:
        name = Text(row.service if row.service != before[0] else "", "bold")
        fate = Text(row.fate if (row.service, row.fate) != before else "", FATES[row.fate])
        table.add_row(name, fate, Text(row.key), Text(_first_line(row.value), "dim"), Text(row.why))
        before = (row.service, row.fate)
    return table


def runs_table(runs: Iterable[Run]) -> Table:
    """Return the runs of this host, newest first."""
    table = _table("run", "started (UTC)", "version", "state", "steps done", "problem")
    now = datetime.now(UTC)
    for run in runs:
        done = sum(record.status is Status.DONE for record in run.steps)
        problem = next((record.problem for record in run.steps if record.problem), "")
        if recovery := recovery_facts(run):
            problem = f"{recovery['service']}: {problem or recovery['reason']}"
        if at := missed(run, now):
            problem = f"the cutover planned for {shown(at)} was missed; nothing was stopped"
        at = awaited(run, now)
        style = STATES.get(run.state, "green" if run.state is RunState.FINISHED else "")
        state = Text(f"{run.state} until {shown(at)}" if at else run.state, style)
        table.add_row(
            Text(run.id, "bold"),
            run.started[:19].replace("T", " "),
            started_by(run).version,
            state,
            f"{done} of {len(run.steps)}",
            Text(problem, "red"),
        )
    return table


def downtime_table(downtime: Mapping[str, float]) -> Table:
    """Return the measured downtime, seconds by service."""
    table = _table("service", "downtime")
    for service, seconds in downtime.items():
        table.add_row(Text(service), Text(duration(seconds)))
    return table


def speed_table(measurements: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the measurements before and after, each with its request: only equal requests are comparable."""
    table = _table("speed", "request", "device", "texts/s", "p50 ms", "p95 ms")
    for name, document in measurements.items():
        figures = [document["texts_per_s"], document["total"]["p50_ms"], document["total"]["p95_ms"]]
        cells = ["–" if figure is None else f"{figure:.1f}" for figure in figures]
        table.add_row(Text(name), Text(document["route"]), Text(document["device"]), *cells)
    return table


def compared_table(verified: Mapping[str, Sides]) -> Table:
    """Return for each store how many facts of the old and the native side were compared, and whether they are equal."""
    table = _table("compared", "facts", "equal")
    for store, sides in verified.items():
        facts = len(sides.source.counts) + len(sides.source.digests)
        differences = len(compare(sides.source, sides.native))
        if facts and not differences:
            equal = Text("yes", "green")
        else:
            equal = Text(f"NO, {differences} differ" if differences else "NO, nothing to compare", "bold red")
        table.add_row(Text(store), f"{facts}", equal)
    return table


def steps_table(steps: Iterable[ReceiptStep]) -> Table:
    """Return a receipt's steps: phase, title, status, duration."""
    table, phase = _table("phase", "step", "status", "duration"), ""
    for step in steps:
        table.add_row(
            Text(step.phase if step.phase != phase else "", "bold"),
            Text(step.title),
            Text(step.status, STYLES.get(step.status, "")),
            Text("" if step.seconds is None else duration(step.seconds), "dim"),
        )
        phase = step.phase
    return table


def claims_table(claims: Iterable[tuple[str, bool, str]]) -> Table:
    """Return verified claims: claim, whether it holds, and the details."""
    table = _table("claim", "holds", "details")
    for claim, holds, details in claims:
        table.add_row(Text(claim), Text("yes" if holds else "NO", "green" if holds else "bold red"), Text(details))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for name in columns:
        narrow = name in _NARROW
        table.add_column(name, no_wrap=narrow, overflow="fold")
    return table


def _first_line(value: str) -> str:
    first, *more = str(value).splitlines() or [""]
    return f"{first[:60]}…" if more or len(first) > 60 else first
