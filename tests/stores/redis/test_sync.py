"""Taking a dump when the other end misbehaves: a fake server says exactly what a real one says at the worst moment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis import sync
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.servers import REDIS, client, served

DUMP = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xff" + bytes(8)
MARK = b"0123456789abcdef0123456789abcdef01234567"


@contextmanager
def answering(*pieces: bytes) -> Iterator[RedisEndpoint]:
    """Serve one connection: agree to everything, and answer SYNC with the pieces, each sent on its own."""

    def serve() -> None:
        peer = listener.accept()[0]
        with peer, peer.makefile("rb") as requested:
            for line in requested:
                if line.strip() == b"SYNC":
                    for piece in pieces:
                        peer.sendall(piece)
                        threading.Event().wait(0.02)
                    return
                if line.strip() == b"REPLCONF":
                    peer.sendall(b"+OK\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield RedisEndpoint(port=listener.getsockname()[1])
        finally:
            thread.join()


@pytest.fixture(autouse=True)
def known_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts come from a real server; only the sync is faked."""
    with served(REDIS) as real:
        facts = server_facts(real)
    real_facts = sync.read_facts
    monkeypatch.setattr(
        sync, "read_facts", lambda connection: facts if connection.name.startswith("127.") else real_facts(connection)
    )
    real_connect = sync.connect

    @contextmanager
    def connect(endpoint: RedisEndpoint) -> Iterator[object]:
        if endpoint.socket:
            with real_connect(endpoint) as connection:
                yield connection
        else:
            yield type("Fake", (), {"name": str(endpoint)})()

    monkeypatch.setattr(sync, "connect", connect)


TAKEN = {
    "length first": [b"$%d\r\n" % len(DUMP) + DUMP],
    "with signs of life": [b"\n", b"\n\n", b"$%d\r\n" % len(DUMP), DUMP],
    "end mark": [b"$EOF:" + MARK + b"\r\n" + DUMP + MARK],
    "end mark split": [b"$EOF:" + MARK + b"\r\n" + DUMP + MARK[:7], MARK[7:39], MARK[39:]],
    "end mark, then commands": [b"$EOF:" + MARK + b"\r\n", DUMP + MARK + b"*1\r\n$4\r\nPING\r\n"],
    "byte by byte": [bytes([byte]) for byte in b"$EOF:" + MARK + b"\r\n" + DUMP + MARK],
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_dump_is_taken_whole(how: str, tmp_path: Path) -> None:
    with answering(*TAKEN[how]) as endpoint:
        assert fetch_rdb(endpoint, tmp_path / "dump", lambda event: None).version == 10
    assert (tmp_path / "dump").read_bytes() == DUMP


REFUSED = {
    "cut off": ([b"$%d\r\n" % len(DUMP) + DUMP[:-3]], "3 bytes before the end"),
    "cut off before the mark": ([b"$EOF:" + MARK + b"\r\n" + DUMP + MARK[:-1]], "before the end mark"),
    "not written": ([b"\n"], "could not write the dump"),
    "an error": ([b"-NOMASTERLINK Can't SYNC while not connected with my master\r\n"], "NOMASTERLINK"),
    "no dump": ([b"$5\r\nhello"], "begins with b'hello'"),
    "a dump without an end": ([b"$%d\r\n" % (len(DUMP) - 1) + DUMP[:-1]], "truncated"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_half_a_dump_is_a_problem_and_leaves_no_file(how: str, tmp_path: Path) -> None:
    pieces, result = REFUSED[how]
    (tmp_path / "dump").write_text("from before")
    with answering(*pieces) as endpoint, pytest.raises(Problem, match="cannot") as caught:
        fetch_rdb(endpoint, tmp_path / "dump", lambda event: None)
    assert result in caught.value.why
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"dump": b"from before"}


def test_a_dump_is_taken_while_keys_are_written(tmp_path: Path) -> None:
    with served(REDIS, "--repl-diskless-sync-delay", "0") as source:
        client(source).mset({f"key {n}": "x" * 100 for n in range(50_000)})
        stop = threading.Event()

        def write() -> None:
            writer = client(source)
            while not stop.is_set():
                writer.incr("written")
            writer.close()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            assert fetch_rdb(source, tmp_path / "dump", lambda event: None).size > 50_000
        finally:
            stop.set()
            thread.join()
    with served(REDIS, "--dbfilename", "dump", folder=tmp_path) as copy:
        assert client(copy).dbsize() >= 50_000
