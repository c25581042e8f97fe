"""The Qdrant program that is installed instead of the container's: it must open what the container's wrote, and that is told while planning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.flows.asked import Asked
from omnimind_ops.flows.discover import qdrant_source
from omnimind_ops.model.facts import Container, Mount, Publish
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant import QdrantEndpoint, version
from tests.qdrant import Server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a storage directory of its own."""
    server = Server(tmp_path_factory.mktemp("qdrant")).start()
    yield server
    server.kill()


@pytest.fixture
def container(running: Server) -> Container:
    """As if that server ran in a container."""
    return Container(
        "c" * 64,
        "qdrant",
        "qdrant/qdrant",
        "omnimind",
        "qdrant",
        "/home/ana/omnimind",
        (),
        running=True,
        restart_policy="no",
        pid=1,
        ip="",
        user="",
        mounts=(Mount("bind", str(running.storage), "/qdrant/storage"),),
        ports=(Publish("127.0.0.1", running.port, 6333),),
    )


def program(folder: Path, said: str) -> Path:
    """A program that tells this version."""
    path = folder / "qdrant"
    path.write_text(f"#!/bin/sh\necho 'qdrant {said}'\n")
    path.chmod(0o755)
    return path


def moved(running: Server, minors: int) -> str:
    """The server's version, so many minor versions on."""
    major, minor, patch = map(int, version(QdrantEndpoint(running.url)).split("."))
    return f"{major}.{minor + minors}.{patch}"


def test_the_containers_own_program_is_taken_with_its_version(running: Server, container: Container) -> None:
    found = qdrant_source(container, Asked(), notes := [])
    assert (found.binary, found.version, found.storage) == ("/qdrant/qdrant", moved(running, 0), str(running.storage))
    assert notes == []


@pytest.mark.parametrize("minors", [0, 1])
def test_a_program_of_the_same_or_the_next_minor_version_is_taken_with_its_own(running: Server, container: Container, tmp_path: Path, minors: int) -> None:
    found = qdrant_source(container, Asked(qdrant_binary=program(tmp_path, moved(running, minors))), [])
    assert (found.binary, found.version) == ("", moved(running, minors))


@pytest.mark.parametrize(("minors", "why"), [(-1, "older"), (2, "skip")])
def test_a_program_that_may_not_open_the_containers_data_is_refused(running: Server, container: Container, tmp_path: Path, minors: int, why: str) -> None:
    with pytest.raises(Problem, match=why):
        qdrant_source(container, Asked(qdrant_binary=program(tmp_path, moved(running, minors))), [])


def test_a_program_that_tells_no_version_is_refused(container: Container, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not known"):
        qdrant_source(container, Asked(qdrant_binary=program(tmp_path, "")), [])


def test_of_a_backup_nobody_knows_who_wrote_it_and_that_is_said(running: Server, container: Container, tmp_path: Path) -> None:
    asked = Asked(qdrant_binary=program(tmp_path, moved(running, -1)), qdrant_backup=running.storage)
    found = qdrant_source(container, asked, notes := [])
    assert (found.version, found.storage, found.backup) == (moved(running, -1), "", str(running.storage))
    assert f"native Qdrant {moved(running, -1)} opens what the same version wrote, or the minor version before it" in notes[-1]
