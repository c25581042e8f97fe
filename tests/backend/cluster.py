"""One worker or more, as systemd would run them, against the real stores; for the engine, a small server whose state a
test chooses.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import httpx
import psutil
import psycopg
import redis

from tests.services import ROOT, Process, Services, free_port

COOKIE = "omnimind_session"
SETTLE_SECONDS = 20.0
"""That a worker may need to find its connections dead, after a test that froze or restarted a store."""
HEALTHY = {
    "state": "ready",
    "device": "cpu",
    "expected": "cpu",
    "reason": "",
    "model": "m",
    "model_digest": "0" * 16,
    "dimensions": 384,
    "max_tokens": 256,
    "precision": "f32",
    "gpu": None,
}


class Engine:
    """Answers GET /health with `status` and `said`, as the contract with the engine has it; counts how often it was
    asked.
    """

    def __init__(self, path: Path) -> None:
        self.status, self.said, self.asked = 200, dict(HEALTHY), 0
        self.silent = threading.Event()  # while it is set, nothing is answered
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked += 1
                while outer.silent.wait(0) and not outer.ended.wait(0.02):
                    pass
                body = json.dumps(outer.said).encode()
                self.send_response(outer.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def address_string(self) -> str:
                return "unix"

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingUnixStreamServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a worker that gave up waiting

        self.path = path
        self.ended = threading.Event()
        self.server = Server(str(path), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        """Stop it."""
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.path.unlink()


@dataclass
class Cluster:
    """What runs, and how to talk to it."""

    stores: Services
    home: Path
    dsn: str
    engine: Engine
    variables: dict[str, str]
    workers: list[Process] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    people: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)  # role: name and password

    def url(self, worker: int = 0) -> str:
        """Where a worker listens."""
        return f"http://127.0.0.1:{self.ports[worker]}"

    def log(self, worker: int = 0) -> str:
        """What it wrote."""
        return self.workers[worker].log.read_text()

    def client(self, worker: int = 0, **headers: str) -> httpx.Client:
        """A program without a login."""
        return httpx.Client(base_url=self.url(worker), headers=headers, timeout=60, trust_env=False)

    @contextmanager
    def logged_in(self, role: str = "admin", worker: int = 0) -> Iterator[httpx.Client]:
        """A browser that logged in."""
        name, password = self.people[role]
        with self.client(worker) as client:
            end = time.monotonic() + SETTLE_SECONDS
            while (answer := client.post("/auth/login", json={"name": name, "password": password})).status_code == 503:
                assert time.monotonic() < end, answer.text
                time.sleep(0.2)
            answer.raise_for_status()
            yield client

    def token(self, role: str = "admin") -> str:
        """A new API token of that role's user."""
        with self.logged_in(role) as client:
            return client.post("/tokens", json={"name": "test", "role": role}).json()["token"]

    def user(self, role: str = "reader") -> tuple[dict[str, Any], str]:
        """A new user, and the password."""
        password = secrets.token_urlsafe(12)
        with self.logged_in() as admin:
            answer = admin.post(
                "/users", json={"name": f"u-{secrets.token_hex(6)}", "password": password, "role": role}
            )
        assert answer.status_code == 201, answer.text
        return answer.json(), password

    def somebody(self, role: str = "reader") -> str:
        """An API token of a new user, who has asked for nothing yet."""
        user, password = self.user(role)
        with self.client() as client:
            client.post("/auth/login", json={"name": user["name"], "password": password}).raise_for_status()
            return str(client.post("/tokens", json={"name": "test", "role": role}).json()["token"])

    def freeze(self, store: str) -> None:
        """Stop a store and its children as SIGSTOP does: connections stay, answers do not come."""
        self._signal(store, signal.SIGSTOP)

    def thaw(self, store: str) -> None:
        """Let it go on."""
        self._signal(store, signal.SIGCONT)

    def _signal(self, store: str, number: int) -> None:
        root = psutil.Process(getattr(self.stores, store).pid)
        for item in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                item.send_signal(number)

    def postgres(self) -> psycopg.Connection:
        """A connection of one's own."""
        return psycopg.connect(self.dsn, autocommit=True)

    def redis(self) -> redis.Redis:
        """A connection of one's own."""
        return redis.Redis.from_url(self.stores.redis_url)

    @property
    def other_redis(self) -> str:
        """Another database of the same Redis, where nothing was counted yet."""
        with redis.Redis.from_url(f"{self.stores.redis_url[:-1]}1") as link:
            link.flushdb()
        return f"{self.stores.redis_url[:-1]}1"

    @contextmanager
    def another(self, **environment: str) -> Iterator[int]:
        """Run one more worker, with other settings; yield its number."""
        port, number = free_port(), len(self.workers)
        own = {**self.variables, "OMNIMIND_PORT": str(port), "OMNIMIND_WORKER": str(number + 1), **environment}
        process = Process(
            f"worker {number + 1}",
            (sys.executable, "-m", "backend"),
            lambda: httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200,
            self.home / f"worker-{number + 1}.log",
            env=own,
        )
        self.workers.append(process)
        self.ports.append(port)
        try:
            process.start()
            yield number
        finally:
            process.stop()


def migrate(dsn: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the migrations as the unit does."""
    variables = {**os.environ, "OMNIMIND_POSTGRES_DSN": dsn, "OMNIMIND_MIGRATE_SECONDS": str(seconds)}
    return subprocess.run(
        (sys.executable, "-m", "backend.migrations"), env=variables, cwd=ROOT, capture_output=True, text=True
    )


def people(variables: dict[str, str], words: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Do what `omnimind user` has done by a child process."""
    return subprocess.run(
        (sys.executable, "-m", "backend.accounts.command"),
        env={**os.environ, **variables},
        cwd=ROOT,
        input=json.dumps(words),
        capture_output=True,
        text=True,
    )


@contextmanager
def cluster(stores: Services, name: str, home: Path, **environment: str) -> Iterator[Cluster]:
    """Make a database, a user of each role, an engine, and one worker."""
    dsn = stores.database(name)
    variables = {
        **stores.environment(dsn),
        "PYTHONPATH": str(ROOT),
        "OMNIMIND_ENGINE": str(home / "engine.sock"),
        "OMNIMIND_UPLOADS": str(home / "uploads"),
        "OMNIMIND_LOGINS_PER_MINUTE": "100000",
        "OMNIMIND_REQUESTS_PER_MINUTE": "1000000",
        **environment,
    }
    done = migrate(dsn)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(
        dsn, autocommit=True
    ) as link:  # what a killed server has confirmed must be there afterwards, as in production
        link.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    engine = Engine(home / "engine.sock")
    try:
        running = Cluster(stores, home, dsn, engine, variables)
        for role in ("admin", "writer", "reader"):
            running.people[role] = (role, secrets.token_urlsafe(16))
            done = people(variables, {"action": "add", "name": role, "password": running.people[role][1], "role": role})
            assert done.returncode == 0, done.stdout + done.stderr
        with running.another():
            yield running
    finally:
        engine.close()
