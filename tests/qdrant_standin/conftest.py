"""Real stand-in processes on free loopback ports, and the newest `qdrant-client` talking to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from tests.qdrant_standin.server import ROOT, Server

StartServer = Callable[..., Server]


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start any number of servers; all are ended with the module."""
    with ExitStack() as cleanup:

        def start(home: Path | None = None, **options: object) -> Server:
            server = Server(home or tmp_path_factory.mktemp("qdrant"), **options)  # type: ignore[arg-type]
            cleanup.callback(server.kill)
            return server.start()

        yield start


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    """One running server for all tests of a module."""
    return start_server()


@pytest.fixture
def client(server: Server) -> Iterator[QdrantClient]:
    """A client, with no collections or aliases left over from the test before."""
    result = server.client()
    for collection in result.get_collections().collections:
        result.delete_collection(collection.name)
    yield result
    result.close()


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single executable file: the one in OMNIMIND_QDRANT_STANDIN, or a new one."""
    given = os.environ.get("OMNIMIND_QDRANT_STANDIN")
    if given:
        return Path(given)
    out = tmp_path_factory.mktemp("build") / "qdrant"
    command = (sys.executable, "-m", "tests.qdrant_standin.build", str(out))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return out
