"""The users of the old Redis go on existing, with their passwords and rights; who cannot is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.notes import RedisUsersNotes
from omnimind_ops.model.payloads import RedisUsersPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps import redis_users
from omnimind_ops.steps.redis_users import RedisUsersStep
from omnimind_ops.stores.redis.compare import comparable_fingerprints
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.users import lines_for, ordered, read_users, refusal
from tests.stores.redis.servers import REDIS, client, served, valkey_program

STEP = "carry-redis-users"
RULES = ("on", ">secret-of-ana", "~cache:*", "&news", "-@all", "+get", "+set")


@pytest.fixture
def step() -> Iterator[RedisUsersStep]:
    """A step with a short path: that of a socket is limited."""
    with TemporaryDirectory(prefix="om-") as folder:
        yield RedisUsersStep(Paths(Path(folder)))


def task(file: Path) -> Task[RedisUsersPayload]:
    return Task(STEP, RedisUsersPayload("", 1, "", "7.0.15", str(file), ("default", "omnimind")))


def memory() -> Memo[RedisUsersNotes]:
    return Memo(MemoryNotes(), STEP, RedisUsersNotes)


@pytest.mark.parametrize("program", [lambda: REDIS, valkey_program], ids=["redis", "valkey"])
def test_users_are_read_and_accepted(program: Any, tmp_path: Path) -> None:
    with served(program()) as old, connect(old) as connection:
        client(old).execute_command("ACL", "SETUSER", "ana", *RULES)
        users = read_users(connection, ("default", "omnimind"))
    assert users and len(users) == 1
    with served(REDIS) as new, connect(new) as connection:
        assert refusal(connection, lines_for(users, "7.0.15")[0]) == ""
    file = tmp_path / "users.conf"
    file.write_text("\n".join(lines_for(users, "7.0.15")) + "\n")
    with served(REDIS, "--include", str(file)) as new:
        ana = client(new)
        ana.execute_command("AUTH", "ana", "secret-of-ana")
        ana.set("cache:1", "x")
        assert ana.get("cache:1") == b"x"
        with pytest.raises(Exception, match="permission"):
            ana.get("other")


def test_a_user_with_a_rule_that_the_server_does_not_know_is_refused() -> None:
    with served(REDIS) as new, connect(new) as connection:
        assert "Unknown command" in refusal(connection, "user ana on nopass ~* +vsim")


def test_words_that_came_later_are_left_out() -> None:
    old = "user ana on sanitize-payload #abc ~* resetchannels &news -@all +get"
    assert lines_for((old,), "6.0.16") == ("user ana on #abc ~* -@all +get",)
    assert lines_for((old,), "7.0.15") == (old,)


def test_single_commands_are_compared_in_any_order_and_categories_in_theirs() -> None:
    line = "user ana on #ab ~cache:* resetchannels &news -@all +set +get +@read -hget"
    assert ordered(line) == "user ana on #ab ~cache:* resetchannels &news -@all +get +set +@read -hget"


def test_a_file_of_the_user_s_own_stays(step: RedisUsersStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "users.conf"
    file.write_text("# mine\n")
    with served(REDIS) as old:
        client(old).execute_command("ACL", "SETUSER", "ana", *RULES)
        monkeypatch.setattr(redis_users, "_source", lambda payload: old)
        events: list[Any] = []
        assert not step.do(task(file), memory(), events.append)
    assert file.read_text() == "# mine\n"
    assert any("stays as it is" in event.text for event in events)


def test_the_undo_sets_aside_what_it_wrote(
    step: RedisUsersStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, memo = tmp_path / "users.conf", memory()
    with served(REDIS) as old:
        client(old).execute_command("ACL", "SETUSER", "ana", *RULES)
        monkeypatch.setattr(redis_users, "_source", lambda payload: old)
        assert step.do(task(file), memo, lambda event: None)
    assert "user ana on" in file.read_text()
    assert "secret-of-ana" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    file.write_text(f"{file.read_text()}# edited since\n")
    step.undo(task(file), memo, lambda event: None)
    assert not file.exists()
    assert "# edited since" in (tmp_path / "users.conf.rolled-back").read_text(), "only `finish` deletes"


@pytest.mark.parametrize(
    ("damage", "differing"),
    [
        (("ACL", "SETUSER", "default", "on"), set()),
        (("ACL", "DELUSER", "ana"), {"user ana"}),
        (("ACL", "SETUSER", "ana", "off"), {"user ana"}),
        (("ACL", "SETUSER", "ana", "nopass"), {"user ana"}),
        (("ACL", "SETUSER", "ana", ">other"), {"user ana"}),
        (("ACL", "SETUSER", "ana", "+del"), {"user ana"}),
        (("ACL", "SETUSER", "ana", "~*"), {"user ana"}),
        (("ACL", "SETUSER", "ben", "on", "nopass", "+@all"), set()),
    ],
)
def test_a_carried_user_is_compared(
    damage: tuple[str, ...], differing: set[str], step: RedisUsersStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users of the native server are its own."""
    file, memo = tmp_path / "users.conf", memory()
    with served(valkey_program()) as old:
        client(old).execute_command("ACL", "SETUSER", "ana", *RULES)
        monkeypatch.setattr(redis_users, "_source", lambda payload: old)
        monkeypatch.setattr(redis_users, "_write", lambda path, content: path.write_text(content))
        assert step.do(task(file), memo, lambda event: None)
        horizon = choose_horizon(old)
        noted = fingerprint(old, horizon, minutes=True)
    users = memo.read().users
    assert users and set(users) == {"ana"} and "secret" not in str(users)
    with served(REDIS, "--include", str(file)) as new:
        for command, expected in ((None, set[str]()), (damage, differing)):
            if command:
                client(new).execute_command(*command)
            sides = comparable_fingerprints(new, noted, horizon, lambda event: None, "verify", users)
            assert {difference.name for difference in compare(sides.source, sides.native)} == expected
