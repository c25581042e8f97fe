"""The old stores' passwords, tried on real servers: found, given in a file, typed, or refused before anything stops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.flows import run_inputs, store_logins
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.store_logins import keep, log_in, qdrant_login, redis_login
from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import old_passwords
from omnimind_ops.observe.docker import Roles
from omnimind_ops.observe.old_passwords import Store
from omnimind_ops.paths import Paths
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from tests.qdrant import Server
from tests.stores.redis.servers import REDIS, served

CONTAINER = Container(
    id="a" * 64, name="shop-redis-1", image="redis:7", project="shop", service="redis", working_dir="", config_files=(),
    running=True, restart_policy="no", pid=1, ip="", user="", command=("redis-server",),
)  # fmt: skip


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisEndpoint]:
    """A Redis with a password, in place of a container's."""
    with served(REDIS, "--requirepass", "hush-hush") as endpoint:
        monkeypatch.setattr(store_logins, "redis_endpoint", lambda _: replace(endpoint, password=""))
        yield endpoint


def test_the_password_is_found(redis: RedisEndpoint) -> None:
    told = replace(CONTAINER, command=("redis-server", "--requirepass", "hush-hush"))
    assert redis_login(told, (), MigrateOptions()).password == "hush-hush"
    client = replace(CONTAINER, env={"CACHE": "redis://:hush-hush@redis:6379"})
    assert redis_login(CONTAINER, (client,), MigrateOptions()).password == "hush-hush"


def test_a_server_without_a_password_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(REDIS) as endpoint:
        monkeypatch.setattr(store_logins, "redis_endpoint", lambda _: endpoint)
        outdated = replace(CONTAINER, command=("redis-server", "--requirepass", "not in effect"))
        assert redis_login(outdated, (), MigrateOptions()).password == ""


def test_without_a_password_the_options_are_named(redis: RedisEndpoint) -> None:
    with pytest.raises(Problem, match="cannot log in to shop-redis-1") as caught:
        redis_login(CONTAINER, (), MigrateOptions())
    assert "--redis-password-file FILE" in caught.value.fix


def test_a_wrong_password_is_a_problem_that_does_not_show_it(redis: RedisEndpoint, tmp_path: Path) -> None:
    file = tmp_path / "password"
    for text, good in (("wrong-one", False), ("hush-hush\n", True)):
        file.write_text(text)
        options = MigrateOptions(redis_password_file=file)
        if good:
            assert redis_login(CONTAINER, (), options).password == "hush-hush"
            continue
        with pytest.raises(Problem, match=f"refuses the password of Redis in {file}") as caught:
            redis_login(CONTAINER, (), options)
        assert "wrong-one" not in str(caught.value)
    with pytest.raises(Problem, match="cannot read --redis-password-file"):
        redis_login(CONTAINER, (), MigrateOptions(redis_password_file=tmp_path / "absent"))


def test_a_password_may_be_typed_three_times(redis: RedisEndpoint) -> None:
    answers = iter(["no", "hush-hush"])
    options = MigrateOptions(ask_password=lambda question: next(answers) if "shop-redis-1" in question else "")
    assert redis_login(CONTAINER, (), options).password == "hush-hush"
    with pytest.raises(Problem, match="refuses the password of Redis 3 times"):
        redis_login(CONTAINER, (), MigrateOptions(ask_password=lambda question: "no"))
    assert "ask_password" not in run_inputs.arguments(options)


def test_a_typed_password_is_kept_for_root_until_the_configuration_tells_it(
    redis: RedisEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(tmp_path)
    logins = log_in(Roles(redis=CONTAINER), (), MigrateOptions(ask_password=lambda question: "hush-hush"))
    assert "hush-hush" not in repr(logins)
    keep(logins.keep, paths)
    file = old_passwords.path_of(Store.REDIS, paths)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("hush-hush\n", 0o600)
    monkeypatch.setattr(old_passwords, "Paths", lambda: paths)
    assert old_passwords.redis_password(CONTAINER) == "hush-hush"
    assert redis_login(CONTAINER, (), MigrateOptions()).password == "hush-hush"
    told = replace(CONTAINER, command=("redis-server", "--requirepass", "hush-hush"))
    keep(log_in(Roles(redis=told), (), MigrateOptions()).keep, paths)
    assert not file.exists()


def test_qdrant_s_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path / "q", env={"QDRANT__SERVICE__API_KEY": "sesame"}).start()
    try:
        monkeypatch.setattr(store_logins, "qdrant_endpoint", lambda _: QdrantEndpoint(server.url))
        with pytest.raises(Problem, match="wants the API key of Qdrant") as caught:
            qdrant_login(CONTAINER, (), MigrateOptions())
        assert "--qdrant-api-key-file" in caught.value.fix
        client = replace(CONTAINER, env={"QDRANT_API_KEY": "sesame"})
        assert qdrant_login(CONTAINER, (client,), MigrateOptions()).api_key == "sesame"
        (tmp_path / "key").write_text("open")
        with pytest.raises(Problem, match="refuses the API key of Qdrant in"):
            qdrant_login(CONTAINER, (), MigrateOptions(qdrant_api_key_file=tmp_path / "key"))
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("env", "command", "why"),
    [
        ({"QDRANT__SERVICE__ENABLE_TLS": "true"}, (), "its Qdrant speaks TLS"),
        ({}, ("redis-server", "--port", "0", "--tls-port", "6390"), "its Redis speaks only TLS"),
    ],
)
def test_tls_is_refused_by_name(env: dict[str, str], command: tuple[str, ...], why: str) -> None:
    container = replace(CONTAINER, env=env, command=command)
    with pytest.raises(Problem, match=why):
        (qdrant_login if env else redis_login)(container, (), MigrateOptions())
