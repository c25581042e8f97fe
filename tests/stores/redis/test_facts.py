"""What a server is, which way its keys will travel, and waiting until it answers."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.event import Event
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import (
    ServerFacts,
    check_movable,
    loses_data_on_stop,
    server_facts,
    wait_until_ready,
)
from omnimind_ops.stores.redis.method import choose_method
from omnimind_ops.stores.redis.versions import can_read_rdb, plain_version, rdb_version_written
from tests.stores.redis.servers import REDIS, client, need_servers, served, valkey_program

PLAIN = ServerFacts(
    kind="redis",
    version="7.0.15",
    rdb_version=10,
    used_memory=1,
    max_memory=0,
    eviction="noeviction",
    database_limit=16,
    aof=False,
    save_points="3600 1",
    diskless_sync=True,
    saves_on_stop=True,
    directory="/data",
    cluster=False,
    role="master",
    loading=False,
)


def test_facts_of_a_real_redis(tmp_path: Path) -> None:
    with served(REDIS, "--save", "3600 1 300 100", folder=tmp_path) as endpoint:
        client(endpoint).mset({"a": 1, "b": 2})
        client(endpoint, 3).set("c", 1)
        facts = server_facts(endpoint)
        assert (facts.kind, facts.role, facts.cluster, facts.aof, facts.modules, facts.field_ttls) == (
            "redis",
            "master",
            False,
            False,
            (),
            False,
        )
        assert (facts.save_points, facts.saves_on_stop, facts.diskless_sync) == ("3600 1 300 100", True, True)
        assert (dict(facts.keys), facts.total_keys, facts.databases) == ({0: 2, 3: 1}, 3, 4)
        assert facts.used_memory > 0 and facts.directory == str(tmp_path)
        client(endpoint).save()
        assert facts.rdb_version == int(
            (tmp_path / "dump.rdb").read_bytes()[5:9]
        )  # the table is right about this server


def test_facts_of_a_real_valkey(tmp_path: Path) -> None:
    need_servers()
    with served(valkey_program(), folder=tmp_path) as endpoint:
        client(endpoint).hset("hash", "field", "value")
        facts = server_facts(endpoint)
        assert (facts.kind, facts.version[:2], facts.modules, facts.field_ttls) == ("valkey", "9.", (), False)
        client(endpoint).execute_command("HPEXPIRE", "hash", 10**9, "FIELDS", 1, "field")
        assert server_facts(endpoint).field_ttls is True
        client(endpoint).save()
        assert facts.rdb_version == int((tmp_path / "dump.rdb").read_bytes()[6:9])


def test_facts_need_no_config_command() -> None:
    with served(REDIS, "--rename-command", "CONFIG", "") as endpoint:
        facts = server_facts(endpoint)
        assert (facts.save_points, facts.saves_on_stop, facts.diskless_sync) == (None, None, None)
        assert loses_data_on_stop(facts)  # unknown: ask for a SAVE


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (["--save", ""], False),
        (["--save", "60 1"], True),
        (["--appendonly", "yes"], True),
        (["--save", "60 1", "--shutdown-on-sigterm", "nosave"], False),
        (["--shutdown-on-sigterm", "save"], True),
    ],
)
def test_what_a_stop_keeps_is_foreseen(settings: list[str], kept: bool, tmp_path: Path) -> None:
    need_servers()
    socket_ = tmp_path / "s"
    arguments = [
        REDIS,
        "--port",
        "0",
        "--unixsocket",
        str(socket_),
        "--dir",
        str(tmp_path),
        *(["--save", ""] if "--save" not in settings else []),
        *settings,
    ]
    for attempt in range(2):
        with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
            endpoint = RedisEndpoint(socket=str(socket_))
            wait_until_ready(endpoint, timeout=20)
            if not attempt:
                client(endpoint).set("key", "value")
                assert loses_data_on_stop(server_facts(endpoint)) is not kept
            else:
                assert bool(client(endpoint).get("key")) is kept
            process.terminate()


def test_a_cluster_node_is_refused() -> None:
    with served(REDIS, "--cluster-enabled", "yes") as endpoint, pytest.raises(Problem, match="cannot move this Redis"):
        check_movable(server_facts(endpoint), lambda event: None)


def test_a_replica_is_warned_of() -> None:
    events: list[Event] = []
    with served(REDIS, "--replicaof", "127.0.0.1", "1") as endpoint:
        check_movable(server_facts(endpoint), events.append)
    assert "replica" in events[0].text


def test_a_server_that_loads_is_waited_for(tmp_path: Path) -> None:
    with served(REDIS, folder=tmp_path) as endpoint:
        client(endpoint).mset({f"key {n}": "x" * 100 for n in range(20_000)})
        client(endpoint).save()
    with served(
        REDIS, "--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024", folder=tmp_path
    ) as endpoint:  # waits in here
        assert client(endpoint).dbsize() == 20_000


def test_a_wrong_password_is_not_waited_for() -> None:
    with served(REDIS, "--requirepass", "right") as endpoint:
        start = time.monotonic()
        with pytest.raises(Problem) as caught:
            wait_until_ready(RedisEndpoint(socket=endpoint.socket, password="wrong"), timeout=30)
        assert (
            time.monotonic() - start < 5
            and "password" in caught.value.fix
            and "wrong" not in str(caught.value) + caught.value.fix
        )


def test_a_server_that_never_comes_is_a_problem() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Problem, match="not ready after 0.2 s"):
            wait_until_ready(RedisEndpoint(port=taken.getsockname()[1]), timeout=0.2)


def test_a_server_that_hangs_up_in_a_reply_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with pytest.raises(Problem, match="cannot connect to Redis"):
            server_facts(RedisEndpoint(port=listener.getsockname()[1]))


def test_a_password_shows_nowhere() -> None:
    endpoint = RedisEndpoint(password="s3cret")
    assert "s3cret" not in repr(endpoint) + str(endpoint)


WAYS = {
    ("redis", "7.0.15", "5:7.0.15-1~deb12u10"): "rdb",
    ("redis", "6.2.14", "5:7.0.15-1~deb12u10"): "rdb",
    ("redis", "6.2.14", "5:6.0.16-1ubuntu1.1"): "rdb",
    ("redis", "7.0.15", "5:6.0.16-1ubuntu1.1"): "logical",
    ("redis", "7.2.4", "7.0.15"): "logical",
    ("redis", "8.2.1", "8.0.2"): "rdb",
    ("redis", "8.6.0", "8.0.2"): "logical",
    ("redis", "99.0.0", "7.0.15"): "logical",
    ("valkey", "9.1.2", "8.0.2"): "logical",
    ("valkey", "8.1.0", "7.2.4"): "rdb",
    ("valkey", "8.1.0", "7.0.15"): "logical",
}


@pytest.mark.parametrize(("source", "way"), WAYS.items(), ids=str)
def test_the_way_is_chosen_by_versions(source: tuple[str, str, str], way: str) -> None:
    kind, version, target = source
    chosen = choose_method(
        replace(PLAIN, kind=kind, version=version, rdb_version=rdb_version_written(kind, version)), target
    )
    assert chosen.name == way and version in chosen.reason


def test_modules_travel_key_by_key() -> None:
    assert choose_method(replace(PLAIN, modules=("ReJSON",)), "7.0.15").name == "logical"


def test_what_valkey_reads() -> None:
    assert [rdb for rdb in range(100) if can_read_rdb("valkey", "9.1", rdb)] == [*range(1, 12), 80]
    assert plain_version("5:7.0.15-1~deb12u10") == "7.0.15" and rdb_version_written("redis", "") == 0
