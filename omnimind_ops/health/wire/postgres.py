"""PostgreSQL's protocol 3: log in, run simple queries (https://www.postgresql.org/docs/current/protocol-flow.html)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from omnimind_ops.health.wire.scram import Scram
from omnimind_ops.health.wire.stream import Stream

Row = tuple[str | None, ...]
_VERSION = 3 << 16
_OK, _SASL, _SASL_MORE, _SASL_END = 0, 10, 11, 12


class RefusedError(ConnectionError):
    """The server sent an error; `code` is its SQLSTATE
    (https://www.postgresql.org/docs/current/errcodes-appendix.html).
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Target:
    """Address, user, password and database, read from a postgresql:// URL."""

    address: tuple[str, int] | str
    user: str
    password: str = field(repr=False)
    database: str


def target(dsn: str) -> Target:
    """Return the target of a URL; `?host=/folder`, also with an empty host, means the unix socket in that folder."""
    url = urlsplit(dsn)
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    host, port = unquote(query.get("host") or url.hostname or "127.0.0.1"), int(query.get("port") or url.port or 5432)
    user = unquote(url.username or query.get("user") or "postgres")
    address = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
    return Target(address, user, unquote(url.password or ""), unquote(url.path.lstrip("/")) or user)


class Session:
    """A logged-in connection with one deadline. RefusedError carries the server's message."""

    def __init__(self, to: Target, seconds: float) -> None:
        self.stream = Stream(to.address, seconds)
        try:
            parameters = {"user": to.user, "database": to.database, "application_name": "omnimind health"}
            body = (
                struct.pack("!I", _VERSION)
                + b"".join(f"{key}\0{value}\0".encode() for key, value in parameters.items())
                + b"\0"
            )
            self.stream.send(struct.pack("!I", len(body) + 4) + body)
            self._authenticate(to)
            self._until_ready()
        except BaseException:
            self.stream.close()
            raise

    def query(self, sql: str) -> list[Row]:
        """Run statements (in one transaction unless they say otherwise) and return the rows of all of them, values as
        text.
        """
        self._send(b"Q", sql.encode() + b"\0")
        return self._until_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._send(b"X", b"")
        except OSError:
            pass
        finally:
            self.stream.close()

    def _authenticate(self, to: Target) -> None:
        """Log in by SCRAM only: the password is never sent, and the server must prove that it knows it."""
        scram, is_proven = Scram(to.password), not to.password
        while True:
            kind, body = self._message()
            if kind != b"R":
                raise ConnectionError(f"does not speak PostgreSQL's protocol: {kind!r}")
            (method,) = struct.unpack("!I", body[:4])
            if method == _OK:
                if not is_proven:
                    raise ConnectionError("asks for no password: it is another server")
                return
            if method == _SASL:
                first = scram.first()
                self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
            elif method == _SASL_MORE:
                self._send(b"p", scram.proof(body[4:]))
            elif method == _SASL_END:
                scram.verify(body[4:])
                is_proven = True
            else:
                raise ConnectionError(f"asks for authentication method {method}; only SCRAM-SHA-256 is supported")

    def _until_ready(self) -> list[Row]:
        rows: list[Row] = []
        refused: RefusedError | None = None
        while True:
            kind, body = self._message(raises=False)
            if kind == b"Z":
                if refused:
                    raise refused
                return rows
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"E":
                refused = refused or _refused(body)
                if refused.code.startswith(
                    ("28", "3D", "57P", "53")
                ):  # the server closes the connection after these, without ReadyForQuery
                    raise refused

    def _message(self, *, raises: bool = True) -> tuple[bytes, bytes]:
        kind = self.stream.exactly(1)
        (length,) = struct.unpack("!I", self.stream.exactly(4))
        body = self.stream.exactly(length - 4)
        if kind == b"E" and raises:
            raise _refused(body)
        return kind, body

    def _send(self, kind: bytes, body: bytes) -> None:
        self.stream.send(kind + struct.pack("!I", len(body) + 4) + body)


def _row(body: bytes) -> Row:
    (count,) = struct.unpack("!H", body[:2])
    at, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode(errors="replace"))
        at += max(length, 0)
    return tuple(values)


def _refused(body: bytes) -> RefusedError:
    parts = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return RefusedError(parts.get(b"M", "error"), parts.get(b"C", ""))
