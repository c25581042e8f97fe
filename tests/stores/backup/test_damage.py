"""Backups with flipped bytes or without their end."""

import gzip
import hashlib
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect
from tests.stores.backup.backups import ARCHIVES, Made, bare, packed, refused


@pytest.mark.parametrize("suffix", [".checksum", ".sha256"])
def test_one_flipped_byte_is_refused_where_there_is_a_checksum(made: Made, tmp_path: Path, suffix: str) -> None:
    file = bare(made.collection, tmp_path / "x")
    good = file.read_bytes()
    digest = hashlib.sha256(good).hexdigest()
    file.with_name(file.name + suffix).write_text(digest if suffix == ".checksum" else f"{digest}  {file.name}\n")
    assert detect(file).checksum == Checksum.VERIFIED
    dice = random.Random(5)
    for at in [0, len(good) - 1, *(dice.randrange(len(good)) for _ in range(98))]:
        with file.open("r+b") as out:
            out.seek(at)
            out.write(bytes([good[at] ^ (1 << dice.randrange(8))]))
        with pytest.raises(Problem, match="SHA-256"):
            detect(file)
        with file.open("r+b") as out:
            out.seek(at)
            out.write(good[at : at + 1])
    assert detect(file).checksum == "verified"


def test_a_checksum_file_that_holds_none_is_refused(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x")
    file.with_name(file.name + ".sha256").write_text("pending\n")
    with pytest.raises(Problem, match="does not contain a SHA-256"):
        detect(file)


@pytest.mark.parametrize("kind", ["plain", "sparse", "sparse pax", "gzip", "zstd", "collection", "full"])
def test_every_truncation_is_refused(made: Made, tmp_path: Path, kind: str) -> None:
    if kind in ARCHIVES:
        name, text, top = ARCHIVES[kind]
        whole = packed(made, tmp_path / name, *text, top=top)
    else:
        whole = bare(made.full if kind == "full" else made.collection, tmp_path / "x")
    data = whole.read_bytes()
    detect(whole)
    end = len(data) if kind in ("gzip", "zstd") else len(data.rstrip(b"\0"))  # the zeros behind the end may be missing
    dice = random.Random(6)
    cuts = {
        0,
        1,
        511,
        512,
        1024,
        end - 1,
        end // 512 * 512,
        *(dice.randrange(end) for _ in range(12)),
        *(dice.randrange(end // 512) * 512 for _ in range(6)),
    }
    for cut in cuts:
        whole.write_bytes(data[:cut])
        with pytest.raises(Problem):
            detect(whole)


def test_flips_without_a_checksum_are_a_problem_or_harmless_but_never_anything_else(made: Made, tmp_path: Path) -> None:
    file = bare(made.full, tmp_path / "x")
    good = file.read_bytes()
    dice = random.Random(7)
    headers = [at for at in range(0, len(good), 512) if good[at + 257 : at + 262] == b"ustar"]
    wanted = detect(file)
    for _ in range(150):
        at = dice.choice(headers) + dice.randrange(512)
        with file.open("r+b") as out:
            out.seek(at)
            out.write(bytes([good[at] ^ (1 << dice.randrange(8))]))
        if not refused(file):
            assert replace(detect(file), file_stamp=(0, 0)) == replace(
                wanted, file_stamp=(0, 0)
            )  # padding behind a number
        with file.open("r+b") as out:
            out.seek(at)
            out.write(good[at : at + 1])


def test_the_checksum_inside_a_zstd_file_counts_only_where_there_is_one(made: Made, tmp_path: Path) -> None:
    plain = packed(made, tmp_path / "a.tar", "-S")
    for word, result in (("--check", Checksum.INSIDE), ("--no-check", Checksum.ABSENT)):
        subprocess.run(["zstd", "-qf", word, plain, "-o", tmp_path / "a.tar.zst"], check=True)
        assert detect(tmp_path / "a.tar.zst").checksum == result
    assert detect(plain).checksum == Checksum.ABSENT
    assert detect(made.storage).checksum == Checksum.FOLDER


def unpacked_by_zstd(file: Path) -> bytes:
    """What zstd itself makes of it."""
    return subprocess.run(["zstd", "-dcq", file], capture_output=True, check=False).stdout


def test_zstd_finds_a_flip_by_itself(made: Made, tmp_path: Path) -> None:
    """Level 1 leaves literals as they are: a flip in one changes nothing but the content.

    A few bits of the format have no effect at all.
    """
    file = packed(made, tmp_path / "a.tar.zst", "-I", "zstd -1 --check")
    good = file.read_bytes()
    content = unpacked_by_zstd(file)
    dice = random.Random(9)
    result = 0
    for _ in range(30):
        at = dice.randrange(20, len(good) - 4)
        file.write_bytes(good[:at] + bytes([good[at] ^ 16]) + good[at + 1 :])
        result += refused(file)
        assert refused(file) or unpacked_by_zstd(file) == content
    assert result > 20


def test_gzip_finds_a_flip_by_itself(made: Made, tmp_path: Path) -> None:
    file = packed(made, tmp_path / "a.tar.gz", "-z")
    good = file.read_bytes()
    plain = gzip.decompress(good)
    dice = random.Random(8)
    for _ in range(10):
        at = dice.randrange(20, len(good))
        file.write_bytes(good[:at] + bytes([good[at] ^ 16]) + good[at + 1 :])
        if not refused(file):
            assert gzip.decompress(file.read_bytes()) == plain  # a bit that gzip does not use
