"""The Qdrant program that is installed instead of the container's: it must open what the container's wrote, and that is
told while planning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qdrant_client import models

from omnimind_ops.flows import qdrant_program as program_flow
from omnimind_ops.flows.discover import qdrant_source
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.qdrant_backup import backup_to_restore
from omnimind_ops.flows.qdrant_program import Program
from omnimind_ops.model.facts import Container, Mount, Publish
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import LibrarySource, Missing, Start
from omnimind_ops.steps.prove_backup import detect_backup
from omnimind_ops.stores.backup import detect
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.facts import version
from tests.qdrant import Server
from tests.stores.backup.backups import NAME, bare
from tests.stores.backup.real import REAL, config_of, file_of

SHARD = file_of("made-1.18.3", "shard")


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


@pytest.mark.parametrize(
    ("start", "notes"),
    [
        (Start(LibrarySource.HOST), []),
        (
            Start(LibrarySource.PACKAGES, (Missing("libunwind.so.8"),), ("libunwind8",)),
            ["Qdrant's program needs libunwind.so.8, which this host lacks: package libunwind8 is installed"],
        ),
        (
            Start(LibrarySource.BUNDLED, (Missing("libc.so.6", "GLIBC_2.38"),)),
            [
                "Qdrant's program needs libc.so.6 with GLIBC_2.38, which this host lacks: it runs with loader and libraries of its container"
            ],
        ),
    ],
)
def test_the_containers_own_program_is_taken_with_its_version(
    running: Server, container: Container, monkeypatch: pytest.MonkeyPatch, start: Start, notes: list[str]
) -> None:
    # There is no container: tests/e2e/test_program.py reads programs out of real ones.
    monkeypatch.setattr(program_flow, "from_container", lambda _: Program(start))
    result = qdrant_source(container, MigrateOptions(), events := [])
    assert (result.binary, result.version, result.storage, result.start) == (
        "/qdrant/qdrant",
        moved(running, 0),
        str(running.storage),
        start,
    )
    assert events == notes


@pytest.mark.parametrize("minors", [0, 1])
def test_a_program_of_the_same_or_the_next_minor_version_is_taken_with_its_own(
    running: Server, container: Container, tmp_path: Path, minors: int
) -> None:
    result = qdrant_source(container, MigrateOptions(qdrant_binary=program(tmp_path, moved(running, minors))), [])
    assert (result.binary, result.version) == ("", moved(running, minors))


@pytest.mark.parametrize(("minors", "why"), [(-1, "older"), (2, "skip")])
def test_a_program_that_may_not_open_the_containers_data_is_refused(
    running: Server, container: Container, tmp_path: Path, minors: int, why: str
) -> None:
    with pytest.raises(Problem, match=why):
        qdrant_source(container, MigrateOptions(qdrant_binary=program(tmp_path, moved(running, minors))), [])


def test_a_program_that_tells_no_version_is_refused(container: Container, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="unknown"):
        qdrant_source(container, MigrateOptions(qdrant_binary=program(tmp_path, "")), [])


def test_of_a_backup_nobody_knows_who_wrote_it_and_that_is_said(
    running: Server, container: Container, tmp_path: Path
) -> None:
    migrate_options = MigrateOptions(qdrant_binary=program(tmp_path, moved(running, -1)), qdrant_backup=running.storage)
    result = qdrant_source(container, migrate_options, notes := [])
    assert result.backup
    assert (result.version, result.storage, result.backup.path) == (moved(running, -1), "", str(running.storage))
    assert f"Qdrant {moved(running, -1)}, which will serve it, loads it before anything stops" in notes[-1]


def test_a_shard_snapshots_configuration_comes_from_the_running_container(
    running: Server, container: Container
) -> None:
    client = running.client()
    client.create_collection(NAME, vectors_config=models.VectorParams(size=64, distance=models.Distance.COSINE))
    try:
        result = backup_to_restore(container, MigrateOptions(qdrant_backup=SHARD, qdrant_collection=NAME), notes := [])
    finally:
        client.delete_collection(NAME)
        client.close()
    assert result and result.config and result.room > 2 * SHARD.stat().st_size
    assert (result.collection, result.config["params"]["vectors"]["size"]) == (NAME, 64)  # type: ignore[index, call-overload]
    assert "comes from the running Qdrant" in notes[-1]
    with pytest.raises(Problem, match="no running Qdrant has a collection absent"):
        backup_to_restore(container, MigrateOptions(qdrant_backup=SHARD, qdrant_collection="absent"), [])


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (MigrateOptions(qdrant_collection="c"), "cannot use --qdrant-collection: it applies to a backup"),
        (
            MigrateOptions(qdrant_collection_config=Path("c.json")),
            "cannot use --qdrant-collection-config: it applies to a backup",
        ),
        (
            MigrateOptions(qdrant_backup=SHARD, qdrant_collection=NAME, qdrant_collection_config=Path("/absent")),
            "the file does not exist",
        ),
        (
            MigrateOptions(qdrant_backup=SHARD, qdrant_collection=NAME, qdrant_collection_config=REAL / "holds.json"),
            "contains no collection parameters",
        ),
        (MigrateOptions(qdrant_backup=SHARD, qdrant_collection=NAME), r"contains no config\.json"),
        (MigrateOptions(qdrant_backup=SHARD), "which collection"),
        (MigrateOptions(qdrant_backup=SHARD, qdrant_collection="a/b"), "not a valid collection name"),
        (
            MigrateOptions(qdrant_backup=file_of("made-1.18.3", "full"), qdrant_collection=NAME),
            "contains the names of its collections",
        ),
    ],
)
def test_options_that_do_not_fit_the_backup_are_refused(asked: MigrateOptions, why: str) -> None:
    with pytest.raises(Problem, match=why):
        backup_to_restore(None, asked, [])


def test_a_configuration_is_for_a_shard_snapshot_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_of("made-1.18.3")))
    with pytest.raises(Problem, match="contains its own"):
        backup_to_restore(
            None,
            MigrateOptions(qdrant_backup=file_of("made-1.18.3", "collection"), qdrant_collection_config=config),
            [],
        )
    result = backup_to_restore(
        None, MigrateOptions(qdrant_backup=SHARD, qdrant_collection=NAME, qdrant_collection_config=config), []
    )
    assert result and result.config == config_of("made-1.18.3")


@pytest.mark.parametrize(("kind", "checksum"), [("collection", "verified"), ("archive", "absent")])
def test_what_covers_a_backup_reaches_the_checks(kind: str, checksum: str) -> None:
    result = backup_to_restore(None, MigrateOptions(qdrant_backup=file_of("made-1.18.3", kind)), [])
    assert result and result.checksum == checksum


@pytest.mark.parametrize("collection", ["c", ""])
def test_the_running_server_tells_the_checksum_of_its_own_snapshot(
    running: Server, container: Container, collection: str, tmp_path: Path
) -> None:
    """Downloaded, a snapshot has no checksum beside it; the server that made it knows it still."""
    client = running.client()
    client.create_collection("c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    try:
        made = client.create_snapshot("c") if collection else client.create_full_snapshot()
        assert made
        path = bare(running.snapshots / collection / made.name, tmp_path / "x")
        migrate_options = MigrateOptions(qdrant_backup=path)
        result = backup_to_restore(container, migrate_options, [])
        assert result and (result.checksum, result.sha256) == ("verified", made.checksum)
        assert detect_backup(result.path, result.packed).checksum == "verified"
        stopped = backup_to_restore(replace(container, running=False), migrate_options, [])
        assert stopped and stopped.checksum == "absent"
        path.write_bytes(
            path.read_bytes().replace(b"0.6.0", b"0.6.1")
        )  # a segment's version.info, which only a server reads
        assert detect(path).checksum == "absent"
        for look in (
            lambda: backup_to_restore(container, migrate_options, []),
            lambda: detect_backup(result.path, result.packed),
        ):
            with pytest.raises(Problem, match="but the Qdrant server that made it says"):
                look()
    finally:
        client.delete_collection("c")
        client.close()
