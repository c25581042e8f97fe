"""Print the results of commands: checks, report, plan, receipt, runs.

Output goes to stdout; with `json`, one object per line (an Event of kind result).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from omnimind_ops.model import codec
from omnimind_ops.model.code import started_by
from omnimind_ops.model.event import Result
from omnimind_ops.model.fate import Item
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Preview
from omnimind_ops.model.planned import planned
from omnimind_ops.model.receipt import parse
from omnimind_ops.model.run import Run
from omnimind_ops.model.since import Since
from omnimind_ops.planning.check import Check, State
from omnimind_ops.render.jsonl import json_line
from omnimind_ops.render.run import tables
from omnimind_ops.render.run.fates import first_screen
from omnimind_ops.render.run.log import recovery_facts
from omnimind_ops.render.run.summary import sections
from omnimind_ops.tools.redact import redact

if TYPE_CHECKING:
    from omnimind_ops.planning.report import Row

WIDE = 160  # width of a table in a file or a pipe


class Prepared(Protocol):
    """A run that is planned and not started."""

    @property
    def checks(self) -> Sequence[Check]: ...
    @property
    def fates(self) -> Sequence[Item]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def plan(self) -> Plan: ...


class OldVolume(Protocol):
    """A volume of the old stack; `copy` is the native folder of its data, "" if it was not moved."""

    @property
    def name(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def mounted_at(self) -> str: ...
    @property
    def copy(self) -> str: ...


class Leftovers(Protocol):
    """What `finish` would delete, and what it keeps."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def volumes(self) -> Sequence[OldVolume]: ...
    @property
    def kept_volumes(self) -> Sequence[OldVolume]: ...
    @property
    def databases(self) -> Sequence[str]: ...
    @property
    def folders(self) -> Sequence[Path]: ...
    @property
    def kept(self) -> Sequence[str]: ...


def checks(results: Sequence[Check], *, json: bool) -> None:
    """Print the preflight's checks."""
    data: list[JSON] = [
        {"id": check.id, "state": str(check.state), "found": check.found, "fix": check.fix} for check in results
    ]
    _result("checks", {"checks": data}, json, tables.checks_table(results))


def fates(items: Sequence[Item], *, json: bool) -> None:
    """Print the first screen: what happens to each service, its data and its addresses."""
    _result("fates", _fates(items), json, *first_screen(items))


def rows(report: Sequence[Row], *, json: bool) -> None:
    """Print how every key of the Compose file is migrated."""
    data: list[JSON] = [
        {"service": row.service, "key": row.key, "value": row.value, "fate": str(row.fate), "why": row.why}
        for row in report
    ]
    _result("report", {"rows": data}, json, tables.rows_table(report))


def notes(texts: Sequence[str], *, json: bool) -> None:
    """Print additional notes."""
    if texts or json:
        _result("notes", {"notes": list(texts)}, json, *(Text.assemble(("note: ", "yellow"), text) for text in texts))


def previews(plan: Plan, results: Sequence[Preview], *, json: bool) -> None:
    """Print the plan, what each step would change, file diffs, and a one-line summary."""
    _result(
        "plan",
        _plan(plan, results),
        json,
        tables.details(plan, results),
        tables.plan_table(plan, results),
        Text(tables.plan_line(plan, results), "bold"),
    )


def before(prepared: Prepared, *, json: bool) -> None:
    """Print on stderr what the user needs to decide: the first screen, notes, failing checks, the plan."""
    if json:
        _line("fates", _fates(prepared.fates))
        _line("plan", _plan(prepared.plan, ()))
        return
    console = _console(sys.stderr)
    _print_all(console, *first_screen(prepared.fates))
    _print_all(console, *(Text.assemble(("note: ", "yellow"), text) for text in prepared.notes))
    if failed := [check for check in prepared.checks if check.state is not State.OK]:
        _print_all(console, tables.checks_table(failed))
    _print_all(console, tables.plan_table(prepared.plan), Text(tables.plan_line(prepared.plan), "bold"))


def runs(history: Sequence[Run], *, json: bool) -> None:
    """Print the runs of this host, newest first."""
    data: list[JSON] = [
        {
            "id": run.id,
            "name": run.plan.name,
            "digest": run.plan.digest,
            "state": run.state,
            "version": started_by(run).version,
            "started": run.started,
            "ended": run.ended,
            **recovery_facts(run),
            **({"planned": at.isoformat(timespec="seconds")} if (at := planned(run)) else {}),
            "steps": [
                {"id": record.step.id, "status": record.status, "seconds": record.seconds, "problem": record.problem}
                for record in run.steps
            ],
        }
        for run in history
    ]
    _result(
        "runs",
        {"runs": data},
        json,
        tables.runs_table(history) if history else Text("no runs on this host yet", "dim"),
    )


def summary(body: Mapping[str, JSON], *, json: bool) -> None:
    """Print the end of a run: state, downtime by service, comparisons, and how long a rollback is possible."""
    _result("receipt", body, json, *(() if json else sections(parse(body), full=False)))


def receipt(body: Mapping[str, JSON], *, json: bool) -> None:
    """Print a receipt: the summary, and every step."""
    _result("receipt", body, json, *(() if json else sections(parse(body), full=True)))


def verified(claims: Sequence[tuple[str, bool, str]], *, json: bool) -> None:
    """Print the verified claims of a receipt."""
    data: list[JSON] = [{"claim": claim, "holds": holds, "found": details} for claim, holds, details in claims]
    _result(
        "verified", {"claims": data, "holds": all(holds for _, holds, _ in claims)}, json, tables.claims_table(claims)
    )


def leftovers(left: Leftovers, *, json: bool) -> None:
    """Print, on stderr, what `finish` is about to delete and what it keeps."""
    volumes = [volume.name for volume in left.volumes]
    groups = {"containers": left.names, "volumes": volumes, "databases": left.databases, "folders": left.folders}
    kept: list[JSON] = [*left.kept, *(volume.name for volume in left.kept_volumes)]
    if json:
        deletes: dict[str, JSON] = {name: [str(item) for item in items] for name, items in groups.items()}
        _line("leftovers", {"deletes": deletes, "keeps": kept})
        return
    copies = {
        volume.name: f" ({volume.service} {volume.mounted_at}): its copy is {volume.copy}" for volume in left.volumes
    }
    lines = [
        Text.assemble(("delete  ", "bold red"), f"{name[:-1]} {item}{copies.get(str(item), '')}")
        for name, items in groups.items()
        for item in items
    ]
    lines += [Text.assemble(("keep    ", "green"), f"{folder}") for folder in left.kept]
    lines += [
        Text.assemble(
            ("keep    ", "green"),
            f"volume {volume.name} ({volume.service} {volume.mounted_at}): it was not moved",
            (f"; to delete it: docker volume rm {volume.name}", "dim"),
        )
        for volume in left.kept_volumes
    ]
    _print_all(_console(sys.stderr), *(lines or [Text("nothing to delete", "dim")]))


def since(parts: Sequence[Since], *, json: bool) -> None:
    """Print, on stderr, what came, changed or vanished natively since the cutover."""
    if json:
        data: list[JSON] = [{**codec.write(part), "text": str(part)} for part in parts]
        _line("since the cutover", {"since": data})
    elif parts:
        _print_all(_console(sys.stderr), Text("Written since the cutover:"), *(Text(f"  {part}") for part in parts))


def message(text: str, data: Mapping[str, JSON], *, json: bool) -> None:
    """Print one sentence."""
    _result(text, data, json, Text(text))


def _fates(items: Sequence[Item]) -> dict[str, JSON]:
    return {"fates": [codec.write(item) for item in items]}


def _plan(plan: Plan, previews: Iterable[Preview]) -> dict[str, JSON]:
    by_step = {preview.step: preview for preview in previews}
    steps: list[JSON] = []
    for step in plan.steps:
        entry: dict[str, JSON] = {
            "id": step.id,
            "kind": step.kind,
            "title": step.title,
            "phase": step.phase,
            "undo": step.undo,
        }
        if preview := by_step.get(step.id):
            entry |= {"change": preview.change, "lines": [redact(line) for line in preview.lines]}
        steps.append(entry)
    return {"name": plan.name, "digest": plan.digest, "steps": steps}


def _result(text: str, data: Mapping[str, JSON], json: bool, *items: RenderableType) -> None:
    if json:
        _line(text, data)
    else:
        _print_all(_console(sys.stdout), *items)


def _line(text: str, data: Mapping[str, JSON]) -> None:
    sys.stdout.write(json_line(Result(text, data)) + "\n")
    sys.stdout.flush()


def _print_all(console: Console, *items: RenderableType) -> None:
    for item in items:
        if not isinstance(item, Text) or item.plain:
            console.print(item)
        if isinstance(item, Table):
            console.print()


def _console(stream: TextIO) -> Console:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow must not end a run
    width = None if stream.isatty() else WIDE
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
