"""The schema: fresh, twice, side by side, cut off, and back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.script import ScriptDirectory

from backend.migrations import HEAD
from backend.migrations.run import LOCK, configuration, downgrade, upgrade
from tests.backend.cluster import migrate
from tests.services import ROOT, Services

TABLES = {"alembic_version", "users", "tokens", "documents", "chunks", "uploads"}


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as link:
        return {row[0] for row in link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def shape(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as link:
        columns = link.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()
        return (
            columns
            + link.execute(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
            ).fetchall()
        )


def test_a_fresh_database_gets_every_table_and_a_second_run_does_nothing(stores: Services) -> None:
    dsn = stores.database("migrate_fresh")
    first, second = migrate(dsn), migrate(dsn)
    assert (first.returncode, first.stdout) == (0, f"the database is at revision {HEAD}, from empty\n")
    assert (second.returncode, second.stdout) == (0, f"the database is at revision {HEAD}, nothing to do\n")
    assert tables(dsn) == TABLES


def test_four_side_by_side_leave_one_schema_and_all_succeed(stores: Services) -> None:
    dsn = stores.database("migrate_four")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(migrate, [dsn] * 4))
    assert [item.returncode for item in done] == [0] * 4, [entry.stderr for entry in done]
    assert sum("from empty" in element.stdout for element in done) == 1
    assert tables(dsn) == TABLES


def test_killed_at_any_moment_the_next_run_completes_it(stores: Services) -> None:
    command = (sys.executable, "-m", "backend.migrations")
    reference = stores.database("migrate_reference")
    upgrade(reference)
    for delay in (0.3, 0.6, 0.8, 1.0, 1.2):
        dsn = stores.database("migrate_killed")
        process = subprocess.Popen(
            command,
            env={**os.environ, "OMNIMIND_POSTGRES_DSN": dsn},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        assert tables(dsn) in (set(), {"alembic_version"}, TABLES)
        assert migrate(dsn).returncode == 0
        assert shape(dsn) == shape(reference)


def test_killed_in_the_middle_of_a_revision_nothing_of_it_is_left(stores: Services) -> None:
    """A lock on a name that the revision needs holds it up half-way: its first tables are made, `documents` waits."""
    dsn = stores.database("migrate_middle")
    with psycopg.connect(dsn) as blocker:
        blocker.execute("CREATE TABLE documents (x int)")
        blocker.execute("SELECT pg_sleep(0)")
        process = subprocess.Popen(
            (sys.executable, "-m", "backend.migrations"),
            env={**os.environ, "OMNIMIND_POSTGRES_DSN": dsn},
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        with psycopg.connect(dsn, autocommit=True) as look:
            while not look.execute(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'omnimind-migrations' AND datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone():
                time.sleep(0.05)
                assert process.poll() is None
        process.kill()
        process.wait()
        blocker.rollback()
    assert tables(dsn) == set()
    assert migrate(dsn).returncode == 0
    assert tables(dsn) == TABLES


def test_a_revision_that_fails_changes_nothing_and_says_why(stores: Services) -> None:
    dsn = stores.database("migrate_fails")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("CREATE TABLE uploads (x int)")  # somebody else's
    done = migrate(dsn)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert '"uploads" already exists' in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert tables(dsn) == {"uploads"}


def test_a_postgres_that_starts_meanwhile_is_waited_for(stores: Services) -> None:
    dsn = stores.database("migrate_waits")
    stores.postgres.stop(2)
    later = threading.Timer(1.5, stores.postgres.start)
    later.start()
    try:
        assert migrate(dsn).returncode == 0
    finally:
        later.join()


def test_a_postgres_that_does_not_come_is_exit_code_2_in_one_line_without_the_password() -> None:
    done = migrate("postgresql://u:secretword@127.0.0.1:1/d", seconds=0.5)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "secretword" not in done.stderr + done.stdout


def test_somebody_who_keeps_migrating_is_exit_code_2(stores: Services) -> None:
    dsn = stores.database("migrate_locked")
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        done = migrate(dsn, seconds=1)
        assert done.returncode == 2
        assert "another migration" in done.stderr
        assert tables(dsn) == set()
    assert migrate(dsn).returncode == 0


def test_back_to_nothing_and_up_again_is_the_same_schema(stores: Services) -> None:
    dsn = stores.database("migrate_back")
    assert upgrade(dsn) == (None, HEAD)
    before = shape(dsn)
    assert downgrade(dsn) == (HEAD, None)
    assert tables(dsn) == {"alembic_version"}
    assert upgrade(dsn) == (None, HEAD)
    assert shape(dsn) == before


def test_the_revisions_are_one_line_and_its_end_is_what_workers_ask_for() -> None:
    script = ScriptDirectory.from_config(configuration())
    assert script.get_heads() == [HEAD]
    assert script.get_bases() == ["0001"]
    assert [revision.revision for revision in script.walk_revisions()] == sorted(
        (item.revision for item in script.walk_revisions()), reverse=True
    )


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("INSERT INTO users (name, password_hash, role) VALUES ('x', '!', 'king')", "users_role_check"),
        ("INSERT INTO users (name, password_hash, role) VALUES ('', '!', 'reader')", "users_name_check"),
        (
            "INSERT INTO documents (id, content_hash, bytes, chunks, state) VALUES (gen_random_uuid(), 'short', 1, 1, 'ready')",
            "documents_content_hash_check",
        ),
        (
            "INSERT INTO documents (id, content_hash, bytes, chunks, state) VALUES (gen_random_uuid(), sha256('x'), 1, 1, 'half')",
            "documents_state_check",
        ),
        (
            "INSERT INTO tokens (user_id, name, digest, role) VALUES (gen_random_uuid(), 'x', sha256('x'), 'reader')",
            "tokens_user_id_fkey",
        ),
    ],
)
def test_the_tables_refuse_what_makes_no_sense(stores: Services, statement: str, why: str) -> None:
    dsn = stores.database("migrate_rules")
    upgrade(dsn)
    with psycopg.connect(dsn) as link, pytest.raises(psycopg.IntegrityError, match=why):
        link.execute(statement)


def test_ctrl_c_leaves_nothing_half_done(stores: Services) -> None:
    dsn = stores.database("migrate_interrupt")
    process = subprocess.Popen(
        (sys.executable, "-m", "backend.migrations"),
        env={**os.environ, "OMNIMIND_POSTGRES_DSN": dsn},
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.9)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert tables(dsn) in (set(), {"alembic_version"}, TABLES)
    assert migrate(dsn).returncode == 0
