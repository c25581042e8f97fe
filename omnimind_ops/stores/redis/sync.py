"""Take a dump of a live server as a replica does (SYNC). This needs no access to its data folder and stops no client.

`redis-cli --rdb` does the same, but shows no progress and fails on a Valkey 9 with data in its own format ("Error
reading bulk length"): Valkey 9 writes its full format only for a replica that reports its version.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from omnimind_ops.model.event import Tell, line, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.link import encode_commands
from omnimind_ops.stores.redis.rdb import RdbFacts, rdb_facts

CHUNK = 1 << 18
END_MARK_BYTES = 40  # bytes of the end mark of a dump of unknown length


def fetch_rdb(endpoint: RedisEndpoint, target: Path, tell: Tell, step: str = "", timeout: float = 120) -> RdbFacts:
    """Write the dump of a live server to `target` (mode 0600) and return its facts. Header and end are checked; the
    file is synced.

    `timeout`: seconds without a byte. A server with `repl-diskless-sync no` (the default before 7.0) first writes a
    dump.rdb in its own folder; a line event reports this. A server with `yes` waits for `repl-diskless-sync-delay` (5 s
    by default) before it begins.
    """
    with connect(endpoint) as connection:
        facts = read_facts(connection)
    if facts.diskless_sync is False:
        tell(
            line(
                step,
                f"Redis at {endpoint} first writes a dump to its own folder {facts.directory}, because "
                "repl-diskless-sync is off",
            )
        )
    partial = target.with_name(f".{target.name}.part")
    try:
        with (
            _connect(endpoint, timeout) as sock,
            sock.makefile("rb") as replies,
            open(partial, "wb", opener=_open_private) as file,
        ):
            _handshake(sock, replies, endpoint)
            _receive_dump(replies, file, tell, step)
            file.flush()
            os.fsync(file.fileno())
        rdb = rdb_facts(partial)
        partial.replace(target)
    except OSError as error:
        raise Problem(
            f"cannot take a dump of Redis at {endpoint}",
            str(error),
            "read the server's log, then run the same command again",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return rdb


def _connect(endpoint: RedisEndpoint, timeout: float) -> socket.socket:
    if not endpoint.socket:
        return socket.create_connection((endpoint.host, endpoint.port), timeout)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout)
    sock.connect(endpoint.socket)
    return sock


def _handshake(sock: socket.socket, replies: BufferedReader, endpoint: RedisEndpoint) -> None:
    """Log in and announce the supported features. Older servers do not know the last two; they do not need them."""
    if endpoint.password:
        user = (endpoint.username,) if endpoint.username else ()
        reply = _send(sock, replies, "AUTH", *user, endpoint.password)
        if reply.startswith(b"-"):
            raise OSError(reply[1:].decode(errors="replace"))
    _send(sock, replies, "REPLCONF", "capa", "eof")
    _send(sock, replies, "REPLCONF", "version", "255.255.255")
    _send(sock, replies, "REPLCONF", "rdb-only", "1")
    sock.sendall(encode_commands([("SYNC",)]))


def _receive_dump(replies: BufferedReader, file: BinaryIO, tell: Tell, step: str) -> None:
    header = b""
    while not header.strip():  # an empty line now and then means that the server is still working
        header = replies.readline()
        if not header:
            raise OSError(
                "the server closed the connection before it sent any data: it could not write the dump (not enough "
                "memory, or an earlier dump failed)"
            )
    if not header.startswith(b"$"):
        raise OSError(header.strip().lstrip(b"-").decode(errors="replace"))
    body = header[1:].strip()
    size = None if body.startswith(b"EOF:") else int(body)
    chunks = _read_until_mark(replies, body[4:]) if size is None else _read_exactly(replies, size)
    done = 0
    for chunk in chunks:
        file.write(chunk)
        done += len(chunk)
        tell(progress(step, "take a dump of Redis", done, size))


def _read_exactly(replies: BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        chunk = replies.read(min(CHUNK, size))
        if not chunk:
            raise OSError(f"the connection ended {size} bytes before the end of the dump")
        size -= len(chunk)
        yield chunk


def _read_until_mark(replies: BufferedReader, mark: bytes) -> Iterator[bytes]:
    buffer = b""
    while True:
        chunk = replies.read1(CHUNK)
        if not chunk:
            raise OSError("the connection ended before the end mark of the dump")
        buffer += chunk
        if (at := buffer.find(mark)) >= 0:
            yield buffer[:at]
            return
        if len(buffer) > END_MARK_BYTES:
            yield buffer[:-END_MARK_BYTES]
            buffer = buffer[-END_MARK_BYTES:]


def _send(sock: socket.socket, replies: BufferedReader, *command: str) -> bytes:
    sock.sendall(encode_commands([command]))
    return replies.readline().strip()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
