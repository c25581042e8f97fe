"""Databases that RocksDB backed up inside snapshots: RocksDB itself opens what is restored of them."""

import tarfile
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect, rocksdb, unpack
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import NARRATIVES, config_of, file_of

SEGMENTS = {
    "collection": {NAME: 1},
    "two shards": {NARRATIVES: 4},
    "full": {NAME: 1, NARRATIVES: 4},
    "shard": {NAME: 1},
}
"""How many segments of each collection have a database."""


@pytest.mark.parametrize("kind", SEGMENTS)
def test_every_database_of_a_real_snapshot_opens_with_its_column_families(kind: str, tmp_path: Path) -> None:
    made = "made-1.15.5"
    backup = detect(file_of(made, kind), NAME if kind == "shard" else None, lambda _: config_of(made))
    home = unpack(backup, tmp_path / "storage", silent) / "collections"
    for name, count in SEGMENTS[kind].items():
        results = [path.parent for path in home.glob(f"{name}/*/segments/*/payload_index/CURRENT")]
        assert len(results) == count
        families = ["default", "source_map"] if name == NAME else ["default"]
        assert [Rdict.list_cf(str(path), Options()) for path in results] == [families] * count


def test_tables_get_their_own_names_again_and_hold_what_they_held(tmp_path: Path) -> None:
    """Laid out as RocksDB's BackupEngine does: tables with session and size in their names, the rest in private/1."""
    database = Rdict(str(tmp_path / "before"))
    for number in range(1000):
        database[f"key {number}"] = f"value {number}"
    database.flush()
    database.close()
    kept = [
        path
        for path in (tmp_path / "before").iterdir()
        if path.name.startswith(("CURRENT", "MANIFEST", "OPTIONS", "rocksdict"))
    ]
    tables = list((tmp_path / "before").glob("*.sst"))
    assert tables
    files = {("private", "1", path.name): path for path in kept}
    files |= {("shared_checksum", f"{path.stem}_s2VT6LA8ZDOWX_{path.stat().st_size}.sst"): path for path in tables}
    (tmp_path / "after").mkdir()
    for parts, path in files.items():
        (tmp_path / "after" / rocksdb.original_name(parts)).write_bytes(path.read_bytes())
    listed = "".join(f"{'/'.join(parts)} crc32 1\n" for parts in files)
    assert rocksdb.parse_file_list(f"1\n2\n{len(files)}\n{listed}".encode()) == [path.name for path in files.values()]
    again = Rdict(str(tmp_path / "after"))
    assert [again[f"key {number}"] for number in (0, 500, 999)] == ["value 0", "value 500", "value 999"]
    again.close()


@pytest.mark.parametrize(
    "parts", [("private", "2", "CURRENT"), ("shared_checksum", "table.sst"), ("private", "1"), ("x",), ("meta", "2")]
)
def test_what_no_backup_of_qdrant_has_is_unknown(parts: tuple[str, ...]) -> None:
    with pytest.raises(rocksdb.UnknownFileError):
        rocksdb.original_name(parts)


def test_a_list_that_names_more_than_is_there_is_damaged() -> None:
    with pytest.raises(rocksdb.UnknownFileError):
        rocksdb.parse_file_list(b"1\n2\n3\nprivate/1/CURRENT crc32 1\n")


def test_a_file_that_the_list_names_is_missed(tmp_path: Path) -> None:
    path = file_of("made-1.15.5", "shard")
    with tarfile.open(path) as tar, tarfile.open(tmp_path / "shard.snapshot", "w", format=tarfile.GNU_FORMAT) as out:
        for member in tar:
            if not member.name.endswith("private/1/CURRENT"):
                whole = tarfile.TarInfo(member.name)
                whole.type = tarfile.DIRTYPE if member.isdir() else tarfile.REGTYPE
                whole.size = member.size
                out.addfile(whole, tar.extractfile(member) if member.isfile() else None)
    with pytest.raises(Problem, match="payload_index/CURRENT is missing"):
        detect(tmp_path / "shard.snapshot", NAME, lambda _: config_of("made-1.15.5"))
