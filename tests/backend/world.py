"""One engine and real workers, as systemd would run them, against the real stores: what tests of the backend talk to.

`world(stores, name)` makes a database of its own, migrates it, makes one user and one token for each role, and starts
everything on free ports.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from qdrant_client import QdrantClient

from tests import listening
from tests.services import ROOT, Process, Services, free_port

ROLES = ("reader", "writer", "admin")


@dataclass
class World:
    """Everything that runs. A test that stops a part starts it again."""

    stores: Services
    home: Path
    dsn: str
    collection: str
    environment: dict[str, str]
    engine: Process
    workers: list[Process]
    ports: list[int]
    tokens: dict[str, str] = field(repr=False)

    @property
    def uploads(self) -> Path:
        """The uploads folder."""
        return Path(self.environment["OMNIMIND_UPLOADS"])

    def url(self, worker: int = 0) -> str:
        """Where a worker listens."""
        return f"http://127.0.0.1:{self.ports[worker]}"

    def client(self, role: str | None = "admin", worker: int = 0, **options: object) -> httpx.Client:
        """A client of one worker, with a role's token; None for nobody's."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.Client(base_url=self.url(worker), headers=headers, timeout=120, trust_env=False, **options)  # type: ignore[arg-type]

    def settle(self, seconds: float = 30) -> None:
        """Wait until every worker has found its way back to stores and engine that a test broke."""
        end = time.monotonic() + seconds
        for worker in range(len(self.workers)):
            with self.client("reader", worker) as client:
                while any(client.get(path).status_code != 200 for path in ("/documents", "/search?q=x")):
                    assert time.monotonic() < end
                    time.sleep(0.1)

    @contextmanager
    def qdrant(self) -> Iterator[QdrantClient]:
        """Qdrant's own client; it does not compare versions, because a user's Qdrant can be of any from 1.12 on."""
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "Api key is used with an insecure connection"
            )  # it never leaves this machine
            client = QdrantClient(
                url=self.stores.qdrant_url, api_key=self.stores.qdrant_key, timeout=30, check_compatibility=False
            )
        try:
            yield client
        finally:
            client.close()

    def postgres(self) -> psycopg.Connection:
        """A connection of one's own."""
        return psycopg.connect(self.dsn, autocommit=True)


@contextmanager
def world(
    stores: Services, name: str, workers: int = 2, beside: World | None = None, **environment: str
) -> Iterator[World]:
    """Run it for the block, with the engine of another world where one is given; `environment` are further OMNIMIND_*
    variables of the workers.
    """
    home = Path(tempfile.mkdtemp(prefix="om-world-"))
    dsn, collection = stores.database(name), f"test_{name}"
    ports = [free_port() for _ in range(workers)]
    variables = {
        **stores.environment(dsn),
        "PYTHONPATH": str(ROOT),
        "OMNIMIND_ENGINE": beside.environment["OMNIMIND_ENGINE"] if beside else str(home / "engine.sock"),
        "OMNIMIND_COLLECTION": collection,
        "OMNIMIND_UPLOADS": str(home / "uploads"),
        "OMNIMIND_BACKEND_PORTS": ",".join(map(str, ports)),
        "OMNIMIND_REQUESTS_PER_MINUTE": "1000000",
        **environment,
    }
    subprocess.run(
        (sys.executable, "-m", "backend.migrations"),
        env={**os.environ, **variables},
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    with psycopg.connect(
        dsn, autocommit=True
    ) as link:  # what a killed server has confirmed must be there afterwards, as in production
        link.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    tokens = dict(_people(dsn))
    engine = beside.engine if beside else _engine(home, variables["OMNIMIND_ENGINE"])
    started = [_worker(home, number, port, variables) for number, port in enumerate(ports, 1)]
    everything = started if beside else [engine, *started]
    try:
        for item in everything:
            item.start()
        yield World(stores, home, dsn, collection, variables, engine, started, ports, tokens)
    finally:
        for item in reversed(everything):
            item.stop()
        httpx.delete(f"{stores.qdrant_url}/collections/{collection}", headers={"api-key": stores.qdrant_key})
        shutil.rmtree(home, ignore_errors=True)


def _engine(home: Path, path: str) -> Process:
    def ready() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves a socket open when nobody listens
            probe.connect(path)
        with httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=5) as client:
            return client.get("http://engine/health").status_code == 200

    variables = {
        "PYTHONPATH": str(ROOT),
        "OMNIMIND_LOCK": "cpu",
        "OMNIMIND_STATE": str(home / "models"),
    }
    command = listening.command(path, sys.executable, "-m", "backend.engine")
    return Process("engine", command, ready, home / "engine.log", env=variables)


def _worker(home: Path, number: int, port: int, variables: dict[str, str]) -> Process:
    def ready() -> bool:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200

    own = {**variables, "OMNIMIND_PORT": str(port), "OMNIMIND_WORKER": str(number)}
    return Process(f"worker {number}", (sys.executable, "-m", "backend"), ready, home / f"worker-{number}.log", env=own)


def _people(dsn: str) -> Iterator[tuple[str, str]]:
    """Make one user and one token for each role; yield role and token. Their passwords open nothing."""
    with psycopg.connect(dsn, autocommit=True) as link:
        for role in ROLES:
            token = "omt_" + secrets.token_urlsafe(32)
            row = link.execute(
                "INSERT INTO users (name, password_hash, role) VALUES (%s, '!', %s) RETURNING id",
                (f"test-{role}", role),
            ).fetchone()
            assert row
            digest = hashlib.sha256(token.encode()).digest()
            link.execute(
                "INSERT INTO tokens (user_id, name, digest, role) VALUES (%s, 'test', %s, %s)", (row[0], digest, role)
            )
            yield role, token
