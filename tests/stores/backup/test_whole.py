"""Files of Qdrant's own folders are taken for a backup only when everything is there that a server needs of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import Backup, detect, prove, unpack
from omnimind_ops.stores.qdrant.scratch import scratch_server
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import MADE, NARRATIVES, backup_of, expected, program, read

FOLDERS = ("storage", "archive", "folder", "folder archive")
"""Kinds that are Qdrant's own files, as they lie on its disk."""


def shard(storage: Path) -> Path:
    return storage / "collections" / NAME / "0"


def segments(storage: Path) -> tuple[Path, Path]:
    """The segment with all points of the first collection, and the one that waits for more, by the list of ids in it."""
    full, empty = sorted((shard(storage) / "segments").iterdir(), key=lambda item: not list(item.glob("id_tracker.*")))
    return full, empty


def seen(storage: Path, kind: str) -> Backup:
    """What is said of a backup of this kind made of a storage folder."""
    item = storage / "collections" / NAME
    path = storage if kind == "storage" else item if kind == "folder" else storage.parent / "a.tar"
    if path.suffix:
        place = storage if kind == "archive" else item
        subprocess.run(["tar", "-cSf", path, "-C", place.parent, place.name], check=True)
    return detect(path)


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("lost", ["version.info", "segment.json", "payload_index/config.json", "*"])
def test_a_segment_that_a_server_would_drop_is_missed(made: str, kind: str, lost: str, tmp_path: Path) -> None:
    storage = backup_of(made, "storage", tmp_path)
    full, _ = segments(storage)
    if lost == "*":
        shutil.rmtree(full)
        full.mkdir()
    else:
        (full / lost).unlink()
    name = "segment.json" if lost == "*" else lost
    with pytest.raises(Problem, match=f"segments/{full.name}/{name} is missing") as refused:
        seen(storage, kind)
    assert "its points" in refused.value.why and "start it again" in refused.value.fix


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("kind", FOLDERS)
def test_what_a_killed_server_leaves_and_removes_later_is_no_damage(made: str, kind: str, tmp_path: Path) -> None:
    """The segment without points that takes the writes during an optimization, and one that was being removed."""
    storage = backup_of(made, "storage", tmp_path)
    full, empty = segments(storage)
    (empty / "version.info").unlink()
    removed = full.with_name("0b9b3c1e-0000-4000-8000-000000000000.deleted")
    shutil.copytree(full / "payload_index", removed / "payload_index")
    assert NAME in seen(storage, kind).collections


def test_what_a_killed_server_leaves_holds_nothing_that_is_missed(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    full, empty = segments(storage)
    (empty / "version.info").unlink()
    shutil.copytree(full, full.with_name("0b9b3c1e-0000-4000-8000-000000000000.deleted"))
    backup = detect(storage)
    unpacked = unpack(backup, tmp_path / "home" / "storage", silent)
    prove(backup, None, unpacked, program(), tmp_path / "home" / "scratch", silent)
    with scratch_server(program(), unpacked, tmp_path / "server") as endpoint:
        assert read(endpoint) == expected("storage")


def test_a_segment_without_an_end_that_says_it_holds_a_point_is_missed(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    _, empty = segments(storage)
    (empty / "version.info").unlink()
    count = empty / "vector_storage" / "vectors" / "status.dat"
    count.write_bytes((1).to_bytes(8, "little"))
    with pytest.raises(Problem, match=f"segments/{empty.name}/version.info is missing"):
        detect(storage)


@pytest.mark.parametrize("kind", ["storage", "archive"])
@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ("aliases/data.json", "aliases/data.json is missing. Qdrant always writes this file"),
        (f"collections/{NAME}", f"collections/{NAME}, the target of an alias, is missing"),
        (f"collections/{NARRATIVES}/version.info", f"collections/{NARRATIVES}/version.info is missing"),
        (f"collections/{NAME}/payload_index.json", f"collections/{NAME}/payload_index.json is missing"),
        (f"collections/{NAME}/0/wal/open-*", f"collections/{NAME}/0/wal contains no write-ahead log"),
    ],
)
def test_a_storage_that_lacks_what_every_storage_has_is_refused(kind: str, lost: str, why: str, tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    for path in list(storage.glob(lost)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(Problem, match=why):
        seen(storage, kind)


def test_a_storage_without_aliases_says_so_itself(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    (storage / "aliases" / "data.json").write_text("{}")
    assert detect(storage).aliases == {}
