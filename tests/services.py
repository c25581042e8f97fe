"""Real servers for tests, on free loopback ports of their own:

PostgreSQL and Valkey from their wheels, and a Qdrant.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import redis

from omnimind_ops.embedded import postgres, valkey
from tests import qdrant
from tests.qdrant import ROOT as ROOT
from tests.qdrant import free_port as free_port

PASSWORD = "test-password-of-this-run"


def wait(what: str, ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until `ready` says yes; the end of the process or of the time fails the test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"{what} ended with {process.returncode}")
        try:
            if ready():
                return
        except (OSError, psycopg.Error, redis.RedisError, httpx.HTTPError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"{what} is not ready after {seconds} s")


@dataclass
class Process:
    """One server: `start` it, `stop` it with any signal, `start` it again on the same port with the same data."""

    name: str
    words: tuple[str, ...]
    ready: Callable[[], bool]
    log: Path
    user: str | None = None
    env: dict[str, str] | None = None
    folder: Path = Path("/")
    running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running process."""
        assert self.running
        return self.running.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.words,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **(self.env or {})},
            )
        try:
            wait(self.name, self.ready, self.running)
        except AssertionError as error:
            self.stop(9)
            raise AssertionError(f"{error}: {self.log.read_text()[-2000:]}") from error

    def stop(self, number: int = 15) -> None:
        """Signal it and wait for the end; one that does not run is fine."""
        if self.running and self.running.poll() is None:
            self.running.send_signal(number)
            try:
                self.running.wait(20)
            except subprocess.TimeoutExpired:
                self.running.kill()
                self.running.wait()
        self.running = None


@dataclass
class Services:
    """The three stores of one test world."""

    home: Path
    postgres: Process
    redis: Process
    qdrant: Process
    postgres_port: int
    redis_port: int
    qdrant_port: int
    qdrant_key: str = "test-key"

    @property
    def dsn(self) -> str:
        """PostgreSQL: superuser `omnimind`, database `postgres`; tests make databases of their own."""
        return f"postgresql://omnimind:{PASSWORD}@127.0.0.1:{self.postgres_port}/postgres"

    @property
    def redis_url(self) -> str:
        """Valkey, database 0."""
        return f"redis://default:{PASSWORD}@127.0.0.1:{self.redis_port}/0"

    @property
    def qdrant_url(self) -> str:
        """Qdrant; its key is `qdrant_key`."""
        return f"http://127.0.0.1:{self.qdrant_port}"

    def database(self, name: str) -> str:
        """Make a new, empty database and return its DSN."""
        with psycopg.connect(self.dsn, autocommit=True) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            link.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return f"{self.dsn.rpartition('/')[0]}/{name}"

    def environment(self, dsn: str) -> dict[str, str]:
        """OMNIMIND_* variables of a backend that uses these stores."""
        return {
            "OMNIMIND_POSTGRES_DSN": dsn,
            "OMNIMIND_REDIS_URL": self.redis_url,
            "OMNIMIND_QDRANT_URL": self.qdrant_url,
            "OMNIMIND_QDRANT_API_KEY": self.qdrant_key,
        }


@contextmanager
def services() -> Iterator[Services]:
    """Run all three for the block."""
    home = Path(tempfile.mkdtemp(prefix="om-services-"))
    home.chmod(0o755)  # nobody must reach the cluster
    ports = free_port(), free_port(), free_port()
    data = home / "postgres"
    postgres.initialise(data, "omnimind", PASSWORD)
    (home / "redis").mkdir()
    (home / "qdrant").mkdir()
    configuration = home / "valkey.conf"
    configuration.write_text(valkey.configuration(home / "redis", ports[1], PASSWORD, durable=False))
    found = Services(
        home,
        Process(
            "postgres",
            postgres.server_command(data, ports[0], durable=False),
            lambda: bool(psycopg.connect(found.dsn, connect_timeout=2).close() or True),
            home / "postgres.log",
            user=postgres.owner(),
        ),
        Process(
            "valkey",
            valkey.server_command(configuration),
            lambda: bool(redis.Redis.from_url(found.redis_url).ping()),
            home / "valkey.log",
        ),
        Process(
            "qdrant",
            qdrant.words(),
            lambda: httpx.get(f"{found.qdrant_url}/readyz").status_code == 200,
            home / "qdrant.log",
            env=qdrant.settings(home / "qdrant/storage", home / "qdrant/snapshots", ports[2], "test-key"),
            folder=home / "qdrant",
        ),
        *ports,
    )
    everyone = (found.postgres, found.redis, found.qdrant)
    try:
        for item in everyone:
            item.start()
        yield found
    finally:
        for item in everyone:
            item.stop(9 if item is found.qdrant else 15)
        shutil.rmtree(home, ignore_errors=True)
