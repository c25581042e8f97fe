"""The users of the old Redis go on existing, with their passwords and rights; who cannot is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from omnimind_ops.model.notes import RedisUsersNotes
from omnimind_ops.model.payloads import RedisUsersPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps import redis_users
from omnimind_ops.steps.redis_users import RedisUsersStep
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.users import lines_for, read_users, refusal
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


def test_the_undo_removes_what_it_wrote(step: RedisUsersStep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, memo = tmp_path / "users.conf", memory()
    with served(REDIS) as old:
        client(old).execute_command("ACL", "SETUSER", "ana", *RULES)
        monkeypatch.setattr(redis_users, "_source", lambda payload: old)
        assert step.do(task(file), memo, lambda event: None)
    assert "user ana on" in file.read_text()
    assert "secret-of-ana" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    step.undo(task(file), memo, lambda event: None)
    assert not file.exists()
