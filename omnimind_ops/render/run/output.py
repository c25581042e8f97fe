"""Print the results of commands: checks, report, plan, receipt, runs.

Output goes to stdout; with `json`, one object per line (an Event of kind result).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from omnimind_ops.model.code import begun_by
from omnimind_ops.model.event import Result
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan, Preview
from omnimind_ops.model.run import Run
from omnimind_ops.render.jsonl import json_line
from omnimind_ops.render.run import tables
from omnimind_ops.render.run.log import about
from omnimind_ops.render.run.summary import parts
from omnimind_ops.tools.redact import redact

WIDE = 160  # width of a table in a file or a pipe


class Prepared(Protocol):
    """A run that is planned and not started."""

    @property
    def checks(self) -> Sequence[tables.Check]: ...
    @property
    def rows(self) -> Sequence[tables.Row]: ...
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
    def folders(self) -> Sequence[Path]: ...
    @property
    def kept(self) -> Sequence[str]: ...


def checks(found: Sequence[tables.Check], *, json: bool) -> None:
    """Print the preflight's checks."""
    data: list[JSON] = [{"id": c.id, "state": str(c.state), "found": c.found, "fix": c.fix} for c in found]
    _answer("checks", {"checks": data}, json, tables.checks_table(found))


def rows(found: Sequence[tables.Row], *, json: bool) -> None:
    """Print how every key of the Compose file is migrated."""
    data: list[JSON] = [
        {"service": r.service, "key": r.key, "value": r.value, "verdict": str(r.verdict), "why": r.why} for r in found
    ]
    _answer("report", {"rows": data}, json, tables.rows_table(found))


def notes(found: Sequence[str], *, json: bool) -> None:
    """Print additional notes."""
    if found or json:
        _answer("notes", {"notes": list(found)}, json, *(Text.assemble(("note: ", "yellow"), note) for note in found))


def previews(plan: Plan, found: Sequence[Preview], *, json: bool) -> None:
    """Print the plan, what each step would change, file diffs, and a one-line summary."""
    _answer(
        "plan",
        _plan(plan, found),
        json,
        tables.details(plan, found),
        tables.plan_table(plan, found),
        Text(tables.plan_line(plan, found), "bold"),
    )


def before(prepared: Prepared, *, json: bool) -> None:
    """Print on stderr what the user needs to decide: failing checks, lost keys, the plan."""
    if json:
        _line("plan", _plan(prepared.plan, ()))
        return
    console = _console(sys.stderr)
    if wrong := [check for check in prepared.checks if str(check.state) != "ok"]:
        _print(console, tables.checks_table(wrong))
    if lost := [row for row in prepared.rows if str(row.verdict) == "lost"]:
        _print(console, tables.rows_table(lost))
    _print(console, tables.plan_table(prepared.plan), Text(tables.plan_line(prepared.plan), "bold"))


def runs(found: Sequence[Run], *, json: bool) -> None:
    """Print the runs of this host, newest first."""
    data: list[JSON] = [
        {
            "id": run.id,
            "name": run.plan.name,
            "digest": run.plan.digest,
            "state": run.state,
            "version": begun_by(run).version,
            "started": run.started,
            "ended": run.ended,
            **about(run),
            "steps": [
                {"id": record.step.id, "status": record.status, "seconds": record.seconds, "problem": record.problem}
                for record in run.steps
            ],
        }
        for run in found
    ]
    _answer(
        "runs",
        {"runs": data},
        json,
        tables.runs_table(found) if found else Text("nothing was run on this host yet", "dim"),
    )


def summary(receipt: Mapping[str, JSON], *, json: bool) -> None:
    """Print the end of a run: state, downtime by service, comparisons, and how long a rollback is possible."""
    _answer("receipt", receipt, json, *parts(receipt, full=False))


def receipt(body: Mapping[str, JSON], *, json: bool) -> None:
    """Print a receipt: the summary, and every step."""
    _answer("receipt", body, json, *parts(body, full=True))


def verified(found: Sequence[tuple[str, bool, str]], *, json: bool) -> None:
    """Print the verified claims of a receipt."""
    data: list[JSON] = [{"claim": claim, "holds": holds, "found": said} for claim, holds, said in found]
    _answer("verified", {"claims": data, "holds": all(holds for _, holds, _ in found)}, json, tables.facts_table(found))


def leftovers(left: Leftovers, *, json: bool) -> None:
    """Print, on stderr, what `finish` is about to delete and what it keeps."""
    groups = {"containers": left.names, "volumes": [one.name for one in left.volumes], "folders": left.folders}
    kept: list[JSON] = [*left.kept, *(one.name for one in left.kept_volumes)]
    if json:
        deletes: dict[str, JSON] = {name: [str(item) for item in items] for name, items in groups.items()}
        _line("leftovers", {"deletes": deletes, "keeps": kept})
        return
    copied = {one.name: f" ({one.service} {one.mounted_at}): its copy is {one.copy}" for one in left.volumes}
    lines = [
        Text.assemble(("delete  ", "bold red"), f"{name[:-1]} {item}{copied.get(str(item), '')}")
        for name, items in groups.items()
        for item in items
    ]
    lines += [Text.assemble(("keep    ", "green"), f"{folder}") for folder in left.kept]
    lines += [
        Text.assemble(
            ("keep    ", "green"),
            f"volume {one.name} ({one.service} {one.mounted_at}): it was not moved",
            (f"; to delete it: docker volume rm {one.name}", "dim"),
        )
        for one in left.kept_volumes
    ]
    _print(_console(sys.stderr), *(lines or [Text("nothing is left to delete", "dim")]))


def said(text: str, data: Mapping[str, JSON], *, json: bool) -> None:
    """Print one sentence."""
    _answer(text, data, json, Text(text))


def _plan(plan: Plan, found: Iterable[Preview]) -> dict[str, JSON]:
    known = {preview.step: preview for preview in found}
    steps: list[JSON] = []
    for step in plan.steps:
        entry: dict[str, JSON] = {
            "id": step.id,
            "kind": step.kind,
            "title": step.title,
            "phase": step.phase,
            "undo": step.undo,
        }
        if preview := known.get(step.id):
            entry |= {"change": preview.change, "lines": [redact(line) for line in preview.lines]}
        steps.append(entry)
    return {"name": plan.name, "digest": plan.digest, "steps": steps}


def _answer(text: str, data: Mapping[str, JSON], json: bool, *said: RenderableType) -> None:
    if json:
        _line(text, data)
    else:
        _print(_console(sys.stdout), *said)


def _line(text: str, data: Mapping[str, JSON]) -> None:
    sys.stdout.write(json_line(Result(text, data)) + "\n")
    sys.stdout.flush()


def _print(console: Console, *said: RenderableType) -> None:
    for item in said:
        if not isinstance(item, Text) or item.plain:
            console.print(item)
        if isinstance(item, Table):
            console.print()


def _console(stream: TextIO) -> Console:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow must not end a run
    width = None if stream.isatty() else WIDE
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
