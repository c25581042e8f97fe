"""The system of a native host: as the journal recorded it, and without a record as its units describe it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import fields
from pathlib import Path

from omnimind_ops import world
from omnimind_ops.managers import units
from omnimind_ops.model.goal import Goal, goal_of
from omnimind_ops.model.system import System, shared
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings, settings
from tests.runner import earlier

HOST = Path(__file__).parents[1] / "fixtures" / "host-0.2.0"
UNITS = System(
    backend_ports=(9000, 9001),
    workers=3,
    frontend_port=3333,
    redis_port=6380,
    postgres_port=5433,
    qdrant_port=6334,
)
"""What that host's units and env files say; the rest has its default."""


def host(folder: Path) -> Paths:
    """The host of an earlier version, without a journal."""
    return Paths(shutil.copytree(HOST, folder / "host"))


def record(paths: Paths) -> None:
    """Add the journal of an earlier version, and the units of its goal."""
    paths.state.mkdir(parents=True)
    earlier.journal(paths.state)
    target = paths.root / "etc/systemd/system/omnimind.target"
    wants = " ".join(units.native.all_units(earlier.GOAL)[:-1])
    target.write_text(f"[Unit]\nWants={wants}\n")


def test_a_host_without_a_record_is_read_from_its_units(tmp_path: Path) -> None:
    paths = host(tmp_path)
    result = world.find(Settings(), paths)
    assert result.system == UNITS
    assert result.postgres_dsn == "postgresql://omni:POSTGRES.PASSWORD@127.0.0.1:5433/db1"
    assert (result.qdrant_url, result.qdrant_key) == ("http://127.0.0.1:6334", "QDRANT.KEY")


def test_a_recorded_host_is_what_the_journal_says(tmp_path: Path) -> None:
    paths = host(tmp_path)
    record(paths)
    result = world.find(settings(uploads="/elsewhere", redis_port=1, workers=9, collection="other"), paths)
    assert result.system == System(**shared(earlier.GOAL)), "neither the settings of today nor the env files count"
    assert result.system.redis_port == 26379


def test_settings_that_need_no_new_plan_are_those_of_today(tmp_path: Path) -> None:
    paths = host(tmp_path)
    record(paths)
    result = world.find(settings(mode="fast", critical_timeout=7, auto_recovery=False), paths).system
    assert (result.mode, result.critical_timeout, result.auto_recovery) == ("fast", 7, False)


def test_a_record_of_other_units_than_the_installed_ones_does_not_count(tmp_path: Path) -> None:
    paths = host(tmp_path)
    paths.state.mkdir(parents=True)
    earlier.journal(paths.state)
    assert world.find(Settings(), paths).system == UNITS


def test_a_journal_of_a_newer_omnimind_leaves_the_units(tmp_path: Path) -> None:
    paths = host(tmp_path)
    paths.state.mkdir(parents=True)
    with closing(sqlite3.connect(paths.journal)) as db:
        db.execute("PRAGMA user_version=99")
    assert world.find(Settings(), paths).system == UNITS


def test_a_goal_of_another_version_is_read(tmp_path: Path) -> None:
    """redis_version was a key once; time limits were none."""
    members = {"workers": 3, "redis_version": "7.2", "qdrant_packages": ["libunwind8"]}
    assert goal_of(members, "run") == Goal(workers=3, qdrant_packages=("libunwind8",))


def test_only_system_declares_what_settings_and_goal_share() -> None:
    names = {field.name for field in fields(System)}
    assert not names & (Settings.__annotations__.keys() | Goal.__annotations__.keys())
