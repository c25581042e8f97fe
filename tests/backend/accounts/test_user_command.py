"""`omnimind user`, as typed: the first admin, the rest of them, and what goes wrong.

The stores are those of an embedded system.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.backend.cluster import migrate
from tests.services import PASSWORD, ROOT, Services

WORD = "correct horse battery"


@dataclass
class Shell:
    """Where a person sits."""

    stores: Services
    home: Path
    dsn: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_STATE_HOME": str(self.home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def run(self, *arguments: str, feed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "omnimind_ops", "user", *arguments),
            env=self.environment,
            cwd=self.home,
            input=feed,
            capture_output=True,
            text=True,
        )

    def rows(self) -> dict[str, tuple[str, bool]]:
        with psycopg.connect(self.dsn) as link:
            return {
                name: (role, disabled)
                for name, role, disabled in link.execute("SELECT name, role, disabled FROM users")
            }


@pytest.fixture(scope="module")
def shell(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    home = tmp_path_factory.mktemp("state")
    state = home / "omnimind"
    state.mkdir()
    ports = {
        "backends": [8000, 8080, 3001],
        "frontend": 3000,
        "redis": stores.redis_port,
        "postgres": stores.postgres_port,
        "qdrant": stores.qdrant_port,
    }
    (state / "embedded.json").write_text(
        json.dumps(
            {
                "ports": ports,
                "workers": 2,
                "collection": "c",
                "uploads": str(home),
                "standin": True,
                "qdrant": "",
                "moved": {},
            }
        )
    )
    (state / "secrets.json").write_text(json.dumps({"postgres": PASSWORD, "redis": PASSWORD, "qdrant": "test-key"}))
    (state / "secrets.json").chmod(0o600)
    dsn = stores.database("omnimind")
    assert migrate(dsn).returncode == 0
    yield Shell(stores, home, dsn)


@pytest.fixture
def empty(shell: Shell) -> Shell:
    with psycopg.connect(shell.dsn, autocommit=True) as link:
        link.execute("TRUNCATE users CASCADE")
    return shell


def test_the_first_user_is_an_admin_and_the_next_one_a_reader(empty: Shell) -> None:
    assert empty.run("list").stdout == "no users yet; create one: omnimind user add NAME\n"
    first = empty.run("add", "maria", "--password-stdin", feed=f"{WORD}\n")
    assert (first.returncode, first.stdout, first.stderr) == (0, "maria can log in, as admin\n", "")
    empty.run("add", "jo", "--password-stdin", feed=WORD)
    empty.run("add", "ana", "--role", "writer", "--password-stdin", feed=WORD)
    assert empty.rows() == {"maria": ("admin", False), "jo": ("reader", False), "ana": ("writer", False)}
    assert [line.split()[:2] for line in empty.run("list").stdout.splitlines()] == [
        ["ana", "writer"],
        ["jo", "reader"],
        ["maria", "admin"],
    ]


def test_a_generated_password_is_the_only_thing_on_stdout_and_it_opens_the_door(empty: Shell) -> None:
    import argon2

    done = empty.run("add", "maria", "--generate")
    password = done.stdout.strip()
    assert re.fullmatch(r"([a-z0-9]{5}-){4}[a-z0-9]{5}", password)
    with psycopg.connect(empty.dsn) as link:
        row = link.execute("SELECT password_hash FROM users").fetchone()
    assert row and argon2.PasswordHasher().verify(row[0], password)
    assert password not in done.stderr


def test_a_person_is_asked_twice_and_nothing_is_echoed(empty: Shell) -> None:
    done = typed(empty, ("add", "maria"), [WORD, WORD])
    assert "maria can log in" in done
    assert WORD not in done
    assert "maria" in empty.rows()
    asked_again = typed(empty, ("add", "jo"), [WORD, "another one, mistyped", WORD, WORD])
    assert "do not match" in asked_again
    assert "jo" in empty.rows()


def typed(shell: Shell, words: tuple[str, ...], answers: list[str]) -> str:
    """Type answers on a terminal; return all that it showed."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        (sys.executable, "-m", "omnimind_ops", "user", *words),
        env=shell.environment,
        cwd=shell.home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for number, answer in enumerate(answers, 1):
        while len(re.findall(rb"(?:Password|confirmation): ", shown)) < number:
            shown += os.read(mine, 1000)
        time.sleep(0.1)
        os.write(mine, answer.encode() + b"\n")
    try:
        while more := os.read(mine, 1000):
            shown += more
    except OSError:  # the end of a terminal
        pass
    assert process.wait(30) == 0
    os.close(mine)
    return shown.decode()


def test_what_cannot_be_done_is_one_problem_with_what_to_do(empty: Shell) -> None:
    empty.run("add", "maria", "--password-stdin", feed=WORD)
    for text, feed, why in (
        (("add", "maria", "--password-stdin"), WORD, "the user maria already exists"),
        (("add", "Maria!", "--password-stdin"), WORD, "is not a valid user name"),
        (("add", "jo", "--password-stdin"), "short", "12 to 256 characters"),
        (("add", "jo"), "", "there is no terminal"),
        (("disable", "nobody"), "", "there is no user nobody"),
        (("disable", "maria"), "", "the last admin"),
        (("role", "maria", "reader"), "", "the last admin"),
        (("token", "nobody"), "", "there is no user nobody"),
    ):
        done = empty.run(*text, feed=feed)
        assert done.returncode == 1
        assert done.stdout == ""
        assert why in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
    assert empty.rows() == {"maria": ("admin", False)}
    assert empty.run("role", "maria", "king").returncode == 64


def test_json_is_one_event_on_stdout(empty: Shell) -> None:
    data = json.loads(empty.run("add", "maria", "--password-stdin", "--json", feed=WORD).stdout)
    assert data["kind"] == "result"
    assert data["data"]["role"] == "admin"
    assert WORD not in json.dumps(data)
    assert [user["name"] for user in json.loads(empty.run("list", "--json").stdout)["data"]["users"]] == ["maria"]
    token = json.loads(empty.run("token", "maria", "--role", "writer", "--json").stdout)["data"]
    assert token["token"].startswith("omt_") and token["role"] == "writer"
    assert json.loads(empty.run("disable", "nobody", "--json").stdout.splitlines()[-1])


def test_a_token_is_the_only_thing_on_stdout_and_is_no_more_than_its_owner(empty: Shell) -> None:
    empty.run("add", "maria", "--password-stdin", feed=WORD)
    empty.run("add", "jo", "--password-stdin", feed=WORD)
    done = empty.run("token", "maria", "--role", "admin", "--days", "0", "--name", "nightly")
    assert re.fullmatch(r"omt_[\w-]{43}\n", done.stdout)
    with psycopg.connect(empty.dsn) as link:
        assert link.execute("SELECT name, role, expires_at FROM tokens").fetchall() == [("nightly", "admin", None)]
    assert empty.run("token", "jo", "--role", "writer").returncode == 1


def test_whoever_is_disabled_or_gets_a_new_password_is_logged_out(empty: Shell) -> None:
    empty.run("add", "maria", "--password-stdin", feed=WORD)
    empty.run("add", "jo", "--password-stdin", feed=WORD)
    with psycopg.connect(empty.dsn) as link, redis.Redis.from_url(empty.stores.redis_url) as sessions:
        row = link.execute("SELECT id::text FROM users WHERE name = 'jo'").fetchone()
        assert row
        for text in (("passwd", "jo", "--password-stdin"), ("disable", "jo"), ("enable", "jo")):
            sessions.set("omnimind:session:test", "{}")
            sessions.zadd(f"omnimind:sessions:{row[0]}", {"omnimind:session:test": time.time() + 1000})
            assert empty.run(*text, feed="another long password").returncode == 0
            assert not sessions.exists("omnimind:session:test")


def test_no_password_is_in_a_command_line_or_an_environment(empty: Shell) -> None:
    process = subprocess.Popen(
        (sys.executable, "-m", "omnimind_ops", "user", "add", "maria", "--password-stdin"),
        env=empty.environment,
        cwd=empty.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stdin
    process.stdin.write(WORD.encode())
    process.stdin.close()
    observed: dict[int, str] = {}
    while process.poll() is None:
        for item in psutil.Process(process.pid).children(recursive=True):
            try:
                observed[item.pid] = f"{item.cmdline()} {item.environ()}"
            except psutil.Error:
                continue
    assert process.returncode == 0
    assert any("backend.accounts.command" in text for text in observed.values())
    assert not any(WORD in text for text in observed.values())


def test_stores_that_do_not_run_are_a_problem_that_names_them(empty: Shell) -> None:
    empty.stores.postgres.stop(2)
    try:
        done = empty.run("list")
    finally:
        empty.stores.postgres.start()
    assert done.returncode == 1
    assert "PostgreSQL is not available" in " ".join(done.stderr.split())
    assert "omnimind up" in done.stderr
    assert PASSWORD not in done.stderr + done.stdout


def test_a_machine_without_omnimind_is_told_so(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "omnimind_ops", "user", "list"),
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert "omnimind up" in done.stderr
