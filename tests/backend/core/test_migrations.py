"""The schema: from nothing, twice, side by side, after a kill, and back; against real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory

from backend.migrations.run import LOCK, configuration, downgrade
from tests.services import ROOT, Services

from .cluster import migrate

TABLES = {"alembic_version", "chunks", "documents", "tokens", "uploads", "users"}


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as link:
        return {row[0] for row in link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


@pytest.fixture
def empty(stores: Services, request: pytest.FixtureRequest) -> str:
    return stores.database(f"m_{abs(hash(request.node.name)) % 10**8}")


def test_a_fresh_database_gets_all_tables_and_a_second_time_nothing(empty: str) -> None:
    first = migrate(empty)
    assert first.returncode == 0 and "from empty" in first.stdout, first.stderr
    assert tables(empty) == TABLES
    second = migrate(empty)
    assert second.returncode == 0 and "nothing to do" in second.stdout


def test_four_at_once_are_as_good_as_one(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = [one.result() for one in [pool.submit(migrate, empty) for _ in range(4)]]
    assert [one.returncode for one in done] == [0] * 4, [one.stderr for one in done]
    assert sum("from empty" in one.stdout for one in done) == 1
    assert tables(empty) == TABLES


def test_one_that_was_killed_leaves_nothing_half(empty: str) -> None:
    """It waits for a table lock of ours in the middle of its transaction when it is killed."""
    with psycopg.connect(empty) as link:
        link.execute("CREATE TABLE users (blocker int)")  # not committed: its CREATE TABLE users must wait
        child = subprocess.Popen((sys.executable, "-m", "backend.migrations"), cwd=ROOT, env={**os.environ, "OMNIMIND_POSTGRES_DSN": empty})
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(empty, autocommit=True) as watch:
            end = time.monotonic() + 60
            while not watch.execute(waiting).fetchone()[0]:
                assert time.monotonic() < end and child.poll() is None
                time.sleep(0.05)
        child.kill()
        child.wait()
        link.rollback()
    assert migrate(empty).returncode == 0
    assert tables(empty) == TABLES


def test_it_waits_for_whoever_migrates_and_says_so_when_that_takes_too_long(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as link:
        link.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        late = migrate(empty, seconds=1)
    assert late.returncode == 2
    assert "somebody else has been migrating it all the time" in late.stderr


def test_without_a_server_it_says_so() -> None:
    done = migrate("postgresql://omnimind:secret-of-this-test@127.0.0.1:1/none", seconds=0.5)
    assert done.returncode == 2
    assert "PostgreSQL does not answer" in done.stderr and "secret-of-this-test" not in done.stderr


def test_back_to_nothing_and_up_again(empty: str) -> None:
    assert migrate(empty).returncode == 0
    downgrade(empty)
    assert tables(empty) == {"alembic_version"}
    assert migrate(empty).returncode == 0
    assert tables(empty) == TABLES


def test_the_history_has_one_head() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1
