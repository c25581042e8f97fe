"""A real archive cut at any member's boundary, also inside, is never taken for a whole one."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect
from tests.stores.backup.backups import NAME
from tests.stores.backup.real import MADE, SNAPSHOTS, backup_of, config_of, file_of

END = bytes(1024)


def ends(data: bytes) -> Iterator[int]:
    """Where each member begins, and where the last one ends."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        yield from (member.offset for member in tar)
        yield tar.offset


def inside(data: bytes) -> list[tarfile.TarInfo]:
    """The members that are archives themselves."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [member for member in tar if member.name.endswith((".tar", ".snapshot"))]


def with_other(data: bytes, member: tarfile.TarInfo, content: bytes) -> bytes:
    """The archive with another content of one member, all else byte for byte the same."""
    at = member.offset_data
    header = bytearray(data[at - 512 : at])
    header[124:136] = b"%011o\0" % len(content)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    behind = at + member.size + -member.size % 512
    return data[: at - 512] + bytes(header) + content + bytes(-len(content) % 512) + data[behind:]


def cuts(data: bytes, *, outer: bool) -> Iterator[bytes]:
    """Every archive that is this one cut at a boundary, also inside; what stands inside also with an end of its own."""
    *boundaries, last = ends(data)
    for end in boundaries:
        yield data[:end]
        yield data[:end] + END
    if outer:
        yield data[:last]
    for member in inside(data):
        content = data[member.offset_data : member.offset_data + member.size]
        for part in cuts(content, outer=member.name.endswith(".snapshot")):
            yield with_other(data, member, part)


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("kind", [*SNAPSHOTS, "folder archive"])
def test_no_cut_is_taken_for_the_whole(made: str, kind: str, tmp_path: Path) -> None:
    source = backup_of(made, kind, tmp_path)
    path = tmp_path / "cut" / source.name.removesuffix(".gz")
    path.parent.mkdir()
    data = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    name, config = (NAME, config_of(made)) if kind == "shard" else (None, None)
    path.write_bytes(data)
    detect(path, name, lambda _: config)
    tried, accepted = 0, []
    for part in cuts(data, outer=True):
        path.write_bytes(part)
        tried += 1
        try:
            detect(path, name, lambda _: config)
            accepted.append(len(part))
        except Problem as problem:
            assert "cannot" in problem.what
    assert tried > 30 and accepted == []


@pytest.mark.parametrize("made", MADE)
def test_two_lost_blocks_where_a_collection_begins_are_not_the_end(made: str, tmp_path: Path) -> None:
    """Zeros where a header stood look like a tar's end; what stands behind them would never be read."""
    data, damaged = file_of(made, "archive").read_bytes(), tmp_path / "storage.tar"
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        borders = [item.offset for item in tar if item.isdir() and Path(item.name).parent.name == "collections"]
    assert len(borders) == 2
    for border in borders:
        damaged.write_bytes(data[:border] + END + data[border + len(END) :])
        with pytest.raises(Problem, match="cannot use"):
            detect(damaged)
