"""Use case: measure, compare, require, save. Start at run(); each case has a file of its own beside this one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from omnimind_ops import world as worlds
from omnimind_ops.bench import compare, document, requirements
from omnimind_ops.flows.bench import files as bench_files
from omnimind_ops.flows.bench.access import access
from omnimind_ops.flows.bench.environment import environment
from omnimind_ops.flows.bench.options import BenchOptions, Session
from omnimind_ops.flows.bench.target import find, reached, route
from omnimind_ops.model.event import Tell
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.runner import lock
from omnimind_ops.settings import Settings

ROLES = {"embeddings": "reader", "search": "writer", "cluster": "reader"}
"""What a case may have to do: a search in an empty collection adds a document first, and deletes it afterwards."""


def run(
    case: str,
    asked: BenchOptions,
    settings: Settings,
    paths: Paths,
    tell: Tell,
    before: Mapping[str, Any] | None = None,
) -> dict[str, JSON]:
    """Measure one case; returns its document, `interrupted` when Ctrl-C ended it before its time.

    A baseline `before` of other work or of another machine is a Problem before anything is measured.
    """
    flow, machine = _flow(case), environment()
    made = datetime.now(UTC).isoformat(timespec="seconds")

    def refuse(chosen: Mapping[str, JSON]) -> None:
        if before:
            compare.refuse_other({"case": case, "settings": chosen, "environment": machine}, before)

    if case == "quantum":
        chosen = flow.settings(asked)
        refuse(chosen)
        measured = flow.measure(asked, settings, paths, tell)
    else:
        _refuse_meanwhile(settings, paths)
        with session(asked, settings, paths, tell, ROLES[case]) as one:
            chosen = flow.settings(one)
            refuse(chosen)
            machine = {**machine, "versions": one.versions()}
            measured = flow.measure(one)
    return document.document(measured, chosen, machine, name="", made=made)


@contextmanager
def session(asked: BenchOptions, settings: Settings, paths: Paths, tell: Tell, role: str) -> Iterator[Session]:
    """Yield whom to ask and how."""
    target = find(asked.target, settings, paths)
    reached(target)
    with access(target, paths, role) as headers:
        yield Session(asked, target, route(target, headers), headers, tell)


def against(found: dict[str, JSON], before: Mapping[str, Any] | None) -> dict[str, JSON]:
    """Return the document with its comparison."""
    return found if before is None else {**found, "comparison": compare.comparison(found, before)}


def required(found: dict[str, JSON], wanted: Sequence[requirements.Requirement]) -> dict[str, JSON]:
    """Return the document with what was required of it, and whether that holds."""
    return document.judged(found, [one.judged(found) for one in wanted])


def baseline(name: str, settings: Settings, paths: Paths) -> dict[str, Any] | None:
    """Return a saved result, None for no name.

    Looked for in this machine's system, and where results lie without one.
    """
    if not name:
        return None
    world = _world(settings, paths)
    return bench_files.load(
        name, *dict.fromkeys((bench_files.folder(world, paths), bench_files.folder(None, paths), paths.state / "bench"))
    )


def save(found: Mapping[str, JSON], name: str, settings: Settings, paths: Paths) -> str:
    """Save the document under a name; returns the file. What it was compared with is not part of it."""
    kept = {**{key: value for key, value in found.items() if key != "comparison"}, "name": name}
    return str(bench_files.save(bench_files.folder(_world(settings, paths), paths), kept))


def _refuse_meanwhile(settings: Settings, paths: Paths) -> None:
    """Raise a Problem while another omnimind changes this system: it may be comparing data, and what is measured would
    be nothing usual.
    """
    found = _world(settings, paths)
    if found and (busy := lock.busy(found.lock)):
        raise Problem(
            "cannot measure now", f"another omnimind is at work: {busy}", "wait until it is done", code=ExitCode.BUSY
        )


def _world(settings: Settings, paths: Paths) -> World | None:
    try:
        return worlds.find(settings, paths)
    except Problem:
        return None


def _flow(case: str) -> ModuleType:
    return importlib.import_module(f"omnimind_ops.flows.bench.{case}")
