"""Is a native service useful? Each probe asks it something real with the generated credentials; None means yes, text says why not."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.goal import Goal

TIMEOUT = 2.0

Probe = Callable[[], str | None]


@dataclass(frozen=True)
class Answer:
    """What an HTTP service said; body at most 64 KiB."""

    status: int
    body: bytes


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask a loopback URL; connection errors are status 0 with the reason as body."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 our own loopback URLs
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310
            return Answer(reply.status, reply.read(65536))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read(65536))
    except OSError as error:
        return Answer(0, str(error).encode())


def http(url: str, headers: Mapping[str, str] | None = None) -> str | None:
    """None when the URL answers 200."""
    answer = get(url, headers)
    return None if answer.status == 200 else f"{url}: {answer.status or ''} {answer.body[:200].decode(errors='replace')}".strip()


def redis(port: int, password: str) -> str | None:
    """None when Redis takes the password and answers PONG."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as link:
            words = f"*2\r\n$4\r\nAUTH\r\n${len(password)}\r\n{password}\r\n*1\r\n$4\r\nPING\r\n"
            link.sendall(words.encode())
            said = b""
            while said.count(b"\r\n") < 2 and (more := link.recv(512)):
                said += more
    except OSError as error:
        return str(error)
    return None if said.startswith(b"+OK") and b"+PONG" in said else said.decode(errors="replace").strip().splitlines()[-1]


def postgres(dsn: str) -> str | None:
    """None when a query answers."""
    import psycopg

    try:
        with psycopg.connect(dsn, connect_timeout=int(TIMEOUT)) as link:
            link.execute("select 1")
    except psycopg.Error as error:
        return str(error).strip()
    return None


def unix(path: str) -> str | None:
    """None when the engine's socket answers HTTP 200 on /health."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(TIMEOUT)
            link.connect(path)
            link.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = link.recv(4096)
    except OSError as error:
        return str(error)
    return None if b" 200 " in said.split(b"\r\n", 1)[0] else said[:100].decode(errors="replace")


def native(goal: Goal, credentials: Credentials) -> dict[str, Probe]:
    """Return every native service's probe, in start order."""
    base = "http://127.0.0.1"
    return {
        "postgresql": lambda: postgres(credentials.postgres),
        "redis": lambda: redis(goal.redis_port, credentials.redis),
        "qdrant": lambda: http(f"{base}:{goal.qdrant_port}/collections", {"api-key": credentials.qdrant}),
        "engine": lambda: unix("/run/omnimind/engine.sock"),
        **{f"backend:{port}": _backend(f"{base}:{port}/health/ready") for port in goal.backend_ports},
        "frontend": lambda: http(f"{base}:{goal.frontend_port}/"),
    }


def _backend(url: str) -> Probe:
    return lambda: http(url)


def workers(port: int, asks: int = 40) -> frozenset[int]:
    """Return the process ids that answer on a backend port."""
    seen = (get(f"http://127.0.0.1:{port}/health/live") for _ in range(asks))
    return frozenset(int(json.loads(answer.body)["pid"]) for answer in seen if answer.status == 200)
