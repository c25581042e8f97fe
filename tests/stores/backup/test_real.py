"""Every backup that a real Qdrant made: restored and read point by point, or refused in the program's words."""

from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import BackupKind, detect, prove, unpack
from omnimind_ops.stores.qdrant.scratch import scratch_server
from tests.qdrant import real
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import KINDS, MADE, backup_of, config_of, expected, program, read, reads_rocksdb


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_real_server_made_is_given_back_point_by_point(made: str, kind: str, tmp_path: Path) -> None:
    shard = kind == "shard"
    backup = detect(backup_of(made, kind, tmp_path), NAME if shard else None, lambda _: config_of(made))
    storage = unpack(backup, tmp_path / "home" / "storage", silent)
    config = config_of(made) if shard else None
    if made == "made-1.15.5" and not loads(kind):
        with pytest.raises(Problem, match="cannot load it") as refused:
            prove(backup, config, storage, program(), tmp_path / "home" / "scratch", silent)
        assert (
            refused.value.log and "--qdrant-binary" in refused.value.fix and "nothing was stopped" in refused.value.fix
        )
        return
    proof = prove(backup, config, storage, program(), tmp_path / "home" / "scratch", silent)
    assert proof.second_reader == "equal" or not kind_is_snapshot(backup.kind)
    assert sorted(path.name for path in (tmp_path / "home").iterdir() if path.is_dir()) == ["storage"]
    with scratch_server(program(), storage, tmp_path / "server") as endpoint:
        assert read(endpoint) == expected(kind)


def loads(kind: str) -> bool:
    """Whether the program loads this kind of 1.15.5: without a payload index that server wrote nothing into RocksDB
    which later ones miss.
    """
    return reads_rocksdb() or (kind == "two shards" and real() is not None)


def kind_is_snapshot(kind: BackupKind) -> bool:
    return kind in (BackupKind.COLLECTION, BackupKind.SHARD, BackupKind.FULL)
