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
from omnimind_ops.flows.bench import saved_results
from omnimind_ops.flows.bench.environment import environment
from omnimind_ops.flows.bench.login import login
from omnimind_ops.flows.bench.options import BenchOptions, Session
from omnimind_ops.flows.bench.target import check_reachable, detect_route, find_target
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
    options: BenchOptions,
    settings: Settings,
    paths: Paths,
    tell: Tell,
    before: Mapping[str, Any] | None = None,
) -> dict[str, JSON]:
    """Measure one case; return its document, with `interrupted` set when Ctrl-C ended it early.

    A baseline `before` with other settings or from another machine is a Problem before anything is measured.
    """
    flow, machine = _flow(case), environment()
    created = datetime.now(UTC).isoformat(timespec="seconds")

    def refuse(chosen: Mapping[str, JSON]) -> None:
        if before:
            compare.refuse_incomparable({"case": case, "settings": chosen, "environment": machine}, before)

    if case == "quantum":
        case_settings = flow.settings(options)
        refuse(case_settings)
        measured = flow.measure(options, settings, paths, tell)
    else:
        _refuse_while_busy(settings, paths)
        with session(options, settings, paths, tell, ROLES[case]) as measuring_session:
            case_settings = flow.settings(measuring_session)
            refuse(case_settings)
            machine = {**machine, "versions": measuring_session.versions()}
            measured = flow.measure(measuring_session)
    return document.document(measured, case_settings, machine, name="", created=created)


@contextmanager
def session(options: BenchOptions, settings: Settings, paths: Paths, tell: Tell, role: str) -> Iterator[Session]:
    """Yield the session: target, route, headers."""
    target = find_target(options.target, settings, paths)
    check_reachable(target)
    with login(target, paths, role) as headers:
        yield Session(options, target, detect_route(target, headers), headers, tell)


def with_comparison(result: dict[str, JSON], before: Mapping[str, Any] | None) -> dict[str, JSON]:
    """Return the document with its comparison."""
    return result if before is None else {**result, "comparison": compare.comparison(result, before)}


def with_requirements(result: dict[str, JSON], required: Sequence[requirements.Requirement]) -> dict[str, JSON]:
    """Return the document with its requirements and whether they are met."""
    return document.with_requirements(result, [requirement.evaluate(result) for requirement in required])


def baseline(name: str, settings: Settings, paths: Paths) -> dict[str, Any] | None:
    """Return a saved result, None for an empty name.

    It is searched for in this machine's system, then in the folder that is used without a system.
    """
    if not name:
        return None
    world = _world(settings, paths)
    return saved_results.load(
        name,
        *dict.fromkeys((saved_results.folder(world, paths), saved_results.folder(None, paths), paths.state / "bench")),
    )


def save(result: Mapping[str, JSON], name: str, settings: Settings, paths: Paths) -> str:
    """Save the document under a name and return its file. The comparison is not saved."""
    saved = {**{key: value for key, value in result.items() if key != "comparison"}, "name": name}
    return str(saved_results.save(saved_results.folder(_world(settings, paths), paths), saved))


def _refuse_while_busy(settings: Settings, paths: Paths) -> None:
    """Raise Problem while another omnimind command changes this system.

    It may be comparing data, and the measurement would not be representative.
    """
    world = _world(settings, paths)
    if world and (busy := lock.describe_holder(world.lock)):
        raise Problem(
            "cannot measure now",
            f"another omnimind command is running: {busy}",
            "wait until it ends",
            code=ExitCode.BUSY,
        )


def _world(settings: Settings, paths: Paths) -> World | None:
    try:
        return worlds.find(settings, paths)
    except Problem:
        return None


def _flow(case: str) -> ModuleType:
    return importlib.import_module(f"omnimind_ops.flows.bench.{case}")
