"""Each kind of backup is detected, unpacked and served again with the same fingerprint."""

import subprocess
import tarfile
import time
from pathlib import Path

import httpx
import pytest
from qdrant_client import models

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event, Progress
from omnimind_ops.stores.backup import Backup, BackupKind, detect, unpack
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.stores.files.space import space_needed
from tests.qdrant import Server
from tests.stores.backup.backups import ARCHIVES, NAME, Made, bare, packed, served, silent


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_of_a_storage_directory_is_served_again(made: Made, tmp_path: Path, kind: str) -> None:
    name, text, top = ARCHIVES[kind]
    backup = detect(packed(made, tmp_path / name, *text, top=top))
    assert (backup.kind, backup.checksum) == (
        BackupKind.ARCHIVE,
        "inside" if kind in ("gzip", "zstd", "xz", "bzip2", "deeper") else "absent",
    )
    assert backup.compression == {"deeper": "gzip"}.get(kind, kind if backup.checksum == "inside" else "")
    assert backup.collections == ("other", NAME)
    assert backup.aliases == {"current": NAME}
    target = unpack(backup, tmp_path / "home" / "unpacked", silent)
    assert not compare(tree_fingerprint(made.storage), tree_fingerprint(target))
    assert space_needed(target) < backup.apparent / 10  # zeros became holes
    assert not compare(made.fingerprint, served(target))


def test_an_archive_with_absolute_names_is_read_below_its_new_folder(made: Made, tmp_path: Path) -> None:
    subprocess.run(["tar", "-cPSf", tmp_path / "a.tar", made.storage], check=True, capture_output=True)
    backup = detect(tmp_path / "a.tar")
    assert backup.aliases == {"current": NAME}
    target = unpack(backup, tmp_path / "home" / "storage", silent)
    assert not compare(tree_fingerprint(made.storage), tree_fingerprint(target))


def test_a_backup_says_how_many_points_it_holds_at_most_and_how_old_it_is(made: Made, tmp_path: Path) -> None:
    for path in (made.storage, made.full, packed(made, tmp_path / "a.tar")):
        backup = detect(path)
        assert backup.points == {NAME: 500, "other": 20}
        assert 0 < backup.written <= time.time() + 1


def test_a_storage_directory_is_found_beside_other_things(made: Made, tmp_path: Path) -> None:
    copy_tree(made.storage, tmp_path / "backup" / "data" / "qdrant")
    (tmp_path / "backup" / "redis").mkdir()
    (tmp_path / "backup" / "redis" / "dump.rdb").write_bytes(b"REDIS0011")
    backup = detect(tmp_path / "backup")
    assert (backup.kind, backup.collections, backup.storage) == (
        BackupKind.STORAGE,
        ("other", NAME),
        tmp_path / "backup" / "data" / "qdrant",
    )
    target = unpack(backup, tmp_path / "home" / "storage", silent)
    assert not compare(made.fingerprint, served(target))


def test_a_collection_snapshot_is_served_again_without_aliases(made: Made, tmp_path: Path) -> None:
    backup = detect(made.collection)
    assert (backup.kind, backup.collections, backup.aliases, backup.checksum) == (
        BackupKind.COLLECTION,
        (NAME,),
        None,
        "verified",
    )
    assert "aliases" in backup.notes[0]
    events: list[Event] = []
    target = unpack(backup, tmp_path / "home" / "storage", events.append, "restore")
    assert isinstance(events[-1], Progress)
    assert (events[-1].done, events[-1].total, events[-1].unit) == (backup.apparent, backup.apparent, "B")
    assert space_needed(target) < backup.apparent
    result = served(target)
    about = f" of {NAME}"
    assert {k: v for k, v in result.digests.items() if k.endswith(about)} == {
        k: v for k, v in made.fingerprint.digests.items() if k.endswith(about)
    }
    assert result.counts == {"collections": 1, "aliases": 0, f"points of {NAME}": 500}


def test_a_full_snapshot_brings_everything_back(made: Made, tmp_path: Path) -> None:
    backup = detect(made.full)
    assert (backup.kind, backup.collections, backup.aliases) == (BackupKind.FULL, ("other", NAME), {"current": NAME})
    assert not compare(made.fingerprint, served(unpack(backup, tmp_path / "home" / "storage", silent)))


def test_a_compressed_snapshot_is_read_too(made: Made, tmp_path: Path) -> None:
    file = bare(made.full, tmp_path / "x")
    subprocess.run(["gzip", "-1", file], check=True)
    backup = detect(file.with_name(file.name + ".gz"))
    assert (backup.kind, backup.compression) == (BackupKind.FULL, "gzip")
    assert not compare(made.fingerprint, served(unpack(backup, tmp_path / "home" / "storage", silent)))


def test_segments_in_the_streamable_layout_are_unpacked(made: Made, tmp_path: Path) -> None:
    """Newer servers may write segments/<id>/files/… straight into the snapshot."""
    done = unpack(detect(made.collection), tmp_path / "a" / "storage", silent)
    home = done / "collections" / NAME
    streamed = tmp_path / made.collection.name
    with tarfile.open(streamed, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(home.rglob("*")):
            parts = list(path.relative_to(home).parts)
            if len(parts) >= 3 and parts[1] == "segments":
                parts.insert(3, "files")
            tar.add(path, "/".join(parts), recursive=False)
    again = unpack(detect(streamed), tmp_path / "b" / "storage", silent)
    assert not compare(tree_fingerprint(done), tree_fingerprint(again))


def test_what_is_unpacked_can_be_made_a_snapshot_of_again(made: Made, tmp_path: Path) -> None:
    """The write-ahead log and versions survive: the server goes on writing."""
    server = Server(tmp_path / "home")
    unpack(detect(made.collection), server.storage, silent)
    try:
        client = server.start().client()
        client.upsert(NAME, [models.PointStruct(id=9999, vector=[1.0] * 32, payload={})], wait=True)
        client.create_snapshot(NAME)
        client.close()
        assert httpx.get(f"{server.url}/collections/{NAME}").json()["result"]["status"] == "green"
        assert server.stop() == 0
        again = detect(next((server.snapshots / NAME).glob("*.snapshot")))
        assert isinstance(again, Backup)
    finally:
        server.kill()
