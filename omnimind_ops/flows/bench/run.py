"""Use case: measure, compare, check requirements, save. Start at run(); each case has its own file in this folder."""

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
"""The role a case needs: a search in an empty collection adds a document first and deletes it afterwards."""


def run(
    case: str,
    asked: BenchOptions,
    settings: Settings,
    paths: Paths,
    tell: Tell,
    before: Mapping[str, Any] | None = None,
) -> dict[str, JSON]:
    """Measure one case; return its document, with `interrupted` set when Ctrl-C ended it early.

    A baseline `before` with other settings or from another machine is a Problem before anything is measured.
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
    """Yield the session: target, route, headers."""
    target = find(asked.target, settings, paths)
    reached(target)
    with access(target, paths, role) as headers:
        yield Session(asked, target, route(target, headers), headers, tell)


def against(found: dict[str, JSON], before: Mapping[str, Any] | None) -> dict[str, JSON]:
    """Return the document with its comparison."""
    return found if before is None else {**found, "comparison": compare.comparison(found, before)}


def required(found: dict[str, JSON], wanted: Sequence[requirements.Requirement]) -> dict[str, JSON]:
    """Return the document with its requirements and whether they are met."""
    return document.judged(found, [one.judged(found) for one in wanted])


def baseline(name: str, settings: Settings, paths: Paths) -> dict[str, Any] | None:
    """Return a saved result, None for an empty name.

    It is searched for in this machine's system, then in the folder that is used without a system.
    """
    if not name:
        return None
    world = _world(settings, paths)
    return bench_files.load(
        name, *dict.fromkeys((bench_files.folder(world, paths), bench_files.folder(None, paths), paths.state / "bench"))
    )


def save(found: Mapping[str, JSON], name: str, settings: Settings, paths: Paths) -> str:
    """Save the document under a name and return its file. The comparison is not saved."""
    kept = {**{key: value for key, value in found.items() if key != "comparison"}, "name": name}
    return str(bench_files.save(bench_files.folder(_world(settings, paths), paths), kept))


def _refuse_meanwhile(settings: Settings, paths: Paths) -> None:
    """Raise Problem while another omnimind command changes this system.

    It may be comparing data, and the measurement would not be representative.
    """
    found = _world(settings, paths)
    if found and (busy := lock.describe_holder(found.lock)):
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
