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
from omnimind_ops.stores.redis.connection import connect, encode_command
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.rdb import RdbFacts, rdb_facts

CHUNK = 1 << 18
MARK = 40  # bytes of the end mark of a dump of unknown length


def fetch_rdb(endpoint: RedisEndpoint, into: Path, tell: Tell, step: str = "", timeout: float = 120) -> RdbFacts:
    """Write the dump of a live server to `into` (mode 0600) and return its facts. Header and end are checked; the file
    is synced.

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
                f"Redis at {endpoint} first writes a dump in its own folder {facts.directory}: its repl-diskless-sync is off",
            )
        )
    part = into.with_name(f".{into.name}.part")
    try:
        with (
            _connect(endpoint, timeout) as link,
            link.makefile("rb") as answers,
            open(part, "wb", opener=_open_private) as file,
        ):
            _handshake(link, answers, endpoint)
            _receive_dump(answers, file, tell, step)
            file.flush()
            os.fsync(file.fileno())
        found = rdb_facts(part)
        part.replace(into)
    except OSError as error:
        raise Problem(
            f"cannot take a dump of Redis at {endpoint}",
            str(error),
            "read the server's own log, then run the same command again",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return found


def _connect(endpoint: RedisEndpoint, timeout: float) -> socket.socket:
    if not endpoint.socket:
        return socket.create_connection((endpoint.host, endpoint.port), timeout)
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(timeout)
    link.connect(endpoint.socket)
    return link


def _handshake(link: socket.socket, answers: BufferedReader, endpoint: RedisEndpoint) -> None:
    """Log in and announce the supported features. Older servers do not know the last two; they do not need them."""
    if endpoint.password:
        user = (endpoint.username,) if endpoint.username else ()
        answer = _send(link, answers, "AUTH", *user, endpoint.password)
        if answer.startswith(b"-"):
            raise OSError(answer[1:].decode(errors="replace"))
    _send(link, answers, "REPLCONF", "capa", "eof")
    _send(link, answers, "REPLCONF", "version", "255.255.255")
    _send(link, answers, "REPLCONF", "rdb-only", "1")
    link.sendall(encode_command(["SYNC"]))


def _receive_dump(answers: BufferedReader, file: BinaryIO, tell: Tell, step: str) -> None:
    header = b""
    while not header.strip():  # an empty line now and then means that the server is still working
        header = answers.readline()
        if not header:
            raise OSError(
                "the server closed the connection before it sent anything: it could not write the dump (memory, or a dump already failing)"
            )
    if not header.startswith(b"$"):
        raise OSError(header.strip().lstrip(b"-").decode(errors="replace"))
    body = header[1:].strip()
    known = None if body.startswith(b"EOF:") else int(body)
    pieces = _read_until_mark(answers, body[4:]) if known is None else _read_exactly(answers, known)
    done = 0
    for piece in pieces:
        file.write(piece)
        done += len(piece)
        tell(progress(step, "taking a dump of Redis", done, known))


def _read_exactly(answers: BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        piece = answers.read(min(CHUNK, size))
        if not piece:
            raise OSError(f"the connection ended {size} bytes before the end of the dump")
        size -= len(piece)
        yield piece


def _read_until_mark(answers: BufferedReader, mark: bytes) -> Iterator[bytes]:
    held = b""
    while True:
        piece = answers.read1(CHUNK)
        if not piece:
            raise OSError("the connection ended before the end mark of the dump")
        held += piece
        if (at := held.find(mark)) >= 0:
            yield held[:at]
            return
        if len(held) > MARK:
            yield held[:-MARK]
            held = held[-MARK:]


def _send(link: socket.socket, answers: BufferedReader, *words: str) -> bytes:
    link.sendall(encode_command(words))
    return answers.readline().strip()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
