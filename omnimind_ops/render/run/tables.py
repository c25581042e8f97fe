"""Tables for people, made from the model and from the results of preflight and report (any object of that shape)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rich import box
from rich.table import Table
from rich.text import Text

from omnimind_ops.model.code import begun_by
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Plan, Preview, Undo
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render.format import duration
from omnimind_ops.render.run.drawing import STATES, STYLES
from omnimind_ops.render.run.log import about
from omnimind_ops.tools.redact import redact

_STATE_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_CHANGE_STYLES = {Change.YES: "bold cyan", Change.MAYBE: "yellow", Change.NO: "dim"}
_UNDO_STYLES = {Undo.YES: "green", Undo.UNTIL_FINISH: "green", Undo.KEPT: "dim", Undo.NO: "bold red"}
_VERDICT_STYLES = {"converted": "green", "replaced": "yellow", "lost": "bold red"}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class Check(Protocol):
    """A preflight check; `state` is ok, warn or fail."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def fix(self) -> str: ...


class Row(Protocol):
    """How one key of the Compose file is migrated."""

    @property
    def service(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def why(self) -> str: ...


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
    undo = {word: sum(step.undo is word for step in plan.steps) for word in Undo}
    return " · ".join([*parts, *(f"{number} {word}" for word, number in undo.items() if number)])


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
    """Return the preflight's checks; the fix is below the finding."""
    table = _table("check", "state", "found")
    for check in checks:
        state = str(check.state)
        found = Text(check.found)
        if state != "ok" and check.fix:
            found.append(f"\nfix: {check.fix}", _STATE_STYLES.get(state, ""))
        table.add_row(Text(check.id), Text(state, _STATE_STYLES.get(state, "")), found)
    return table


def rows_table(rows: Iterable[Row]) -> Table:
    """Return how every key of the Compose file is migrated."""
    table = _table("service", "key", "value", "verdict", "by")
    service = ""
    for row in rows:
        verdict = str(row.verdict)
        name = Text(row.service if row.service != service else "", "bold")
        style = next((style for word, style in _VERDICT_STYLES.items() if verdict.startswith(word)), "")
        table.add_row(name, Text(row.key), Text(_short(row.value), "dim"), Text(verdict, style), Text(row.why))
        service = row.service
    return table


def runs_table(runs: Iterable[Run]) -> Table:
    """Return the runs of this host, newest first."""
    table = _table("run", "started (UTC)", "version", "state", "steps done", "went wrong")
    for run in runs:
        done = sum(record.status is Status.DONE for record in run.steps)
        wrong = next((record.problem for record in run.steps if record.problem), "")
        if recovered := about(run):
            wrong = f"{recovered['service']}: {wrong or recovered['reason']}"
        state = Text(run.state, STATES.get(run.state, "green" if run.state is RunState.FINISHED else ""))
        table.add_row(
            Text(run.id, "bold"),
            run.started[:19].replace("T", " "),
            begun_by(run).version,
            state,
            f"{done} of {len(run.steps)}",
            Text(wrong, "red"),
        )
    return table


def downtime_table(downtime: Mapping[str, JSON]) -> Table:
    """Return the measured downtime, seconds by service."""
    table = _table("service", "downtime")
    for service, seconds in downtime.items():
        table.add_row(
            Text(service), Text(duration(float(seconds)) if isinstance(seconds, int | float) else "not measured")
        )
    return table


def speed_table(found: Mapping[str, JSON]) -> Table:
    """Return the measurements before and after, each with its request: only equal requests are comparable."""
    table = _table("speed", "asked", "device", "texts/s", "p50 ms", "p95 ms")
    for name, one in found.items():
        total = one.get("total") if isinstance(one, Mapping) else None
        if isinstance(one, Mapping) and isinstance(total, Mapping):
            told = [one.get("texts_per_s"), total.get("p50_ms"), total.get("p95_ms")]
            cells = ["–" if value is None else f"{float(str(value)):.1f}" for value in told]
            table.add_row(Text(name), Text(str(one.get("route", ""))), Text(str(one.get("device", ""))), *cells)
    return table


def compared_table(verified: Mapping[str, JSON]) -> Table:
    """Return for each store how many facts of the old and the native side were compared, and whether they are equal."""
    table = _table("compared", "facts", "equal")
    for store, sides in verified.items():
        if isinstance(sides, Mapping):
            old, native = _facts(sides.get("source")), _facts(sides.get("native"))
            differ = sum(old.get(name) != native.get(name) for name in old.keys() | native.keys())
            equal = (
                Text("yes", "green")
                if old and not differ
                else Text(f"NO, {differ} differ" if differ else "NO, nothing to compare", "bold red")
            )
            table.add_row(Text(store), f"{len(old)}", equal)
    return table


def steps_table(steps: Iterable[Mapping[str, JSON]]) -> Table:
    """Return a receipt's steps: phase, title, status, duration."""
    table, phase = _table("phase", "step", "status", "took"), ""
    for step in steps:
        seconds, name = step.get("seconds"), str(step.get("phase", ""))
        status = str(step.get("status", ""))
        style = STYLES.get(Status(status), "") if status in set(Status) else ""
        took = duration(float(seconds)) if isinstance(seconds, int | float) else ""
        table.add_row(
            Text(name if name != phase else "", "bold"),
            Text(str(step.get("title", ""))),
            Text(status, style),
            Text(took, "dim"),
        )
        phase = name
    return table


def facts_table(facts: Iterable[tuple[str, bool, str]]) -> Table:
    """Return verified claims: claim, whether it holds, and the finding."""
    table = _table("claim", "holds", "found")
    for claim, holds, found in facts:
        table.add_row(Text(claim), Text("yes" if holds else "NO", "green" if holds else "bold red"), Text(found))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for name in columns:
        narrow = name in (
            "phase",
            "changes",
            "undo",
            "state",
            "check",
            "service",
            "verdict",
            "run",
            "steps done",
            "holds",
            "downtime",
            "status",
            "took",
            "facts",
            "equal",
        )
        table.add_column(name, no_wrap=narrow, overflow="fold")
    return table


def _facts(side: JSON) -> dict[str, JSON]:
    """Return counts and digests of one side by name."""
    kinds = [side.get("counts"), side.get("digests")] if isinstance(side, Mapping) else []
    return {name: value for kind in kinds if isinstance(kind, Mapping) for name, value in kind.items()}


def _short(value: str) -> str:
    first, *more = str(value).splitlines() or [""]
    return f"{first[:60]}…" if more or len(first) > 60 else first
