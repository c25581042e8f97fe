"""Another local user holds a store's port while it is down, and asks for what a client would send: it gets nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from redis.asyncio import Redis

from backend.clients.pools import postgres_pool, redis_client
from backend.clients.qdrant import Qdrant
from backend.http.errors import ApiProblem
from omnimind_ops.health.probes import postgres, qdrant, redis
from omnimind_ops.tools import listening

SECRET = "the-secret-of-this-test"
SQUAT = """
import os, socket, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
with socket.create_server(("127.0.0.1", 0)) as server, os.fdopen(2, "wb", buffering=0) as heard:
    print(server.getsockname()[1], flush=True)
    while True:
        link, _ = server.accept()
        link.settimeout(3)
        try:
            heard.write(link.recv(65536))
            link.sendall(bytes.fromhex(sys.argv[1]))
            while data := link.recv(65536):
                heard.write(data)
        except OSError:
            pass
        link.close()
"""
CLEAR_TEXT = b"R" + struct.pack("!II", 8, 3)
"""PostgreSQL's AuthenticationCleartextPassword."""
WELCOME = b"R" + struct.pack("!II", 8, 0) + b"Z" + struct.pack("!I", 5) + b"I"
"""PostgreSQL's AuthenticationOk without a login, and ReadyForQuery."""


class Squatter:
    """A server of the user nobody."""

    def __init__(self, folder: Path, answer: bytes) -> None:
        self.heard = folder / "heard"
        self.heard.touch()
        os.chown(self.heard, 65534, 65534)
        command = (sys.executable, "-c", SQUAT, answer.hex())
        with self.heard.open("wb") as heard:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=heard)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def secrets(self) -> bool:
        """Whether it heard the secret."""
        return SECRET.encode() in self.heard.read_bytes()


@pytest.fixture
def squatter(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Squatter]:
    if os.geteuid():
        pytest.skip("only root may run a process as another user")
    squatter = Squatter(tmp_path, getattr(request, "param", b"+OK\r\n"))
    try:
        yield squatter
    finally:
        squatter.process.kill()
        squatter.process.communicate()


async def ping(client: Redis) -> None:
    try:
        await client.ping()
    finally:
        await client.aclose()


async def shape(client: Qdrant) -> None:
    try:
        await client.shape("c")
    finally:
        await client.close()


def dsn(port: int) -> str:
    return f"postgresql://omnimind:{SECRET}@127.0.0.1:{port}/omnimind"


@pytest.mark.parametrize("squatter", [CLEAR_TEXT, WELCOME], indirect=True)
def test_postgresql_must_prove_that_it_knows_the_password(squatter: Squatter) -> None:
    with pytest.raises(ConnectionError, match="authentication method 3|another server"):
        postgres.probe(dsn(squatter.port), 2, deep=False)
    pool = postgres_pool(dsn(squatter.port), "test")
    assert pool.kwargs["require_auth"] == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        psycopg.connect(dsn(squatter.port), sslmode="disable", require_auth=pool.kwargs["require_auth"])
    assert not squatter.secrets()


def test_the_password_of_redis_is_not_sent(squatter: Squatter) -> None:
    url = f"redis://omnimind:{SECRET}@127.0.0.1:{squatter.port}/0"
    with pytest.raises(ConnectionError, match="held by a process of user nobody"):
        redis.probe(url, 2, deep=False)
    client = redis_client(url, "test")
    with pytest.raises(Exception, match="held by a process of user nobody"):
        asyncio.run(ping(client))
    assert not squatter.secrets()


@pytest.mark.parametrize("squatter", [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"], indirect=True)
def test_the_key_of_qdrant_is_not_sent(squatter: Squatter) -> None:
    url = f"http://127.0.0.1:{squatter.port}"
    with pytest.raises(ConnectionError, match="held by a process of user nobody"):
        qdrant.probe(url, SECRET, "c", 2, deep=False)
    client = Qdrant(url, SECRET)
    with pytest.raises(ApiProblem, match="held by a process of user nobody"):
        asyncio.run(shape(client))
    assert not squatter.secrets()
    with httpx.Client(headers={"api-key": SECRET}) as careless:
        careless.get(url)
    assert squatter.secrets(), "the test hears what is sent"


def test_root_and_this_user_are_trusted_and_a_service_s_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listening.require_trusted("127.0.0.1", port, ())
        listening.require_trusted("localhost", port, ())
    with pytest.raises(ConnectionError, match="nobody listens"):
        listening.require_trusted("127.0.0.1", port, ())
    listening.require_trusted("192.0.2.1", port, ())  # another host's sockets are not to be seen here


def test_the_owner_is_named(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    row = "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {uid} 0 77 1 0 100 0 0 10 0"
    (tmp_path / "net/tcp").write_text("  sl ...\n" + row.format(uid=54321) + "\n")
    with pytest.raises(listening.ForeignListenerError, match="port 6379 is held by a process of user 54321"):
        listening.require_trusted("127.0.0.1", 6379, listening.REDIS_USERS, tmp_path)
