"""Which system this machine has: find() returns its World."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World

if TYPE_CHECKING:
    from omnimind_ops.model.goal import Goal
    from omnimind_ops.paths import Paths
    from omnimind_ops.settings import Settings

RUNS = 20
"""Newest migrations whose goals are compared with the installed units."""


def find(settings: Settings, paths: Paths, environment: Mapping[str, str] | None = None) -> World:
    """Return the system of this machine.

    The native one if OmniMind's units are installed, else this user's embedded one. Neither is a Problem
    (ExitCode.NOT_INSTALLED). Reads a few small files; queries no service and starts nothing.
    """
    from omnimind_ops.embedded import home

    arguments = os.environ if environment is None else environment
    if (paths.root / "etc/systemd/system/omnimind.target").exists():
        from omnimind_ops.managers import units

        return units.world(settings, paths, recorded(paths))
    place = home.place(arguments)
    if place.memory.exists():
        return home.world(settings, place)
    raise not_installed("find OmniMind on this machine")


def recorded(paths: Paths) -> Iterator[Goal]:
    """Yield the goals of the migrations in the journal, newest first; nothing if this user must not read it."""
    from omnimind_ops.model.goal import goal_of
    from omnimind_ops.runner.history import History

    with suppress(Problem):
        for summary in History(paths.journal).summaries(limit=RUNS, name="migrate"):
            yield goal_of(summary.setup.get("goal"), summary.id)


def not_installed(doing: str) -> Problem:
    """Return the Problem of a machine without OmniMind."""
    why = "OmniMind is not installed here, and this user has not started an embedded system"
    return Problem(
        f"cannot {doing}",
        why,
        "start one here: omnimind up; or take over a Compose project: omnimind migrate --from-docker",
        code=ExitCode.NOT_INSTALLED,
    )
