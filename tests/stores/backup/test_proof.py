"""Whether a backup suits is asked of the program; what is unpacked is compared with what Qdrant itself recovers."""

import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import models

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect, prove, unpack
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from omnimind_ops.stores.qdrant.lengths import Lengths, named
from omnimind_ops.stores.qdrant.sample import point_bytes
from omnimind_ops.stores.qdrant.scratch import CannotLoadError, Program, scratch_server
from tests.stores.backup.backups import NAME, Made, bare, silent
from tests.stores.backup.real import program


def shell(script: str, folder: Path) -> Program:
    """A program that is none."""
    path = folder / "qdrant"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Program((str(path),))


def test_a_fault_of_our_unpacking_is_found_by_the_second_reader(made: Made, tmp_path: Path) -> None:
    backup = detect(made.collection)
    storage = unpack(backup, tmp_path / "storage", silent)
    payloads = next((storage / "collections" / NAME / "0" / "segments").glob("*/payload_storage/page_0.dat"))
    data = bytearray(payloads.read_bytes())
    at = data.index(b'"i":')
    data[at : at + 4] = b'"j":'
    payloads.write_bytes(data)
    with pytest.raises(Problem, match=f"differ from what Qdrant itself restores.*every point of {NAME}"):
        prove(backup, None, storage, program(), tmp_path / "scratch", silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".storage.omnimind-unpacked", "storage"]


def test_the_programs_own_words_are_told_when_it_cannot_load_the_backup(made: Made, tmp_path: Path) -> None:
    result = ("starting", "ERROR qdrant: Panic occurred: unknown variant `on_disk`")
    script = f"echo {result[0]} >&2; echo '{result[1]}' >&2; echo '   0: frame' >&2; exit 101"
    backup = detect(made.storage)
    storage = unpack(backup, tmp_path / "storage", silent)
    with pytest.raises(Problem, match="unknown variant `on_disk`") as refused:
        prove(backup, None, storage, shell(script, tmp_path), tmp_path / "scratch", silent)
    assert refused.value.log == result
    assert not (tmp_path / "scratch").exists()


def test_collections_that_the_program_leaves_out_are_missed(made: Made, tmp_path: Path) -> None:
    backup = detect(made.storage)
    storage = unpack(backup, tmp_path / "storage", silent)
    (storage / "collections" / "other").rename(tmp_path / "other")
    with pytest.raises(Problem, match="contains 2 collections, but the program serves 1; the difference: other"):
        prove(backup, None, storage, program(), tmp_path / "scratch", silent)


def test_a_program_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotLoadError, match="loading"),
        scratch_server(shell("echo loading; exec sleep 60", tmp_path), tmp_path, tmp_path / "s", 0.5),
    ):
        raise AssertionError


def test_the_scratch_server_wants_its_key_and_is_gone_with_all_it_wrote(tmp_path: Path) -> None:
    with scratch_server(program(), tmp_path / "storage", tmp_path / "scratch") as endpoint:
        assert endpoint.url.startswith("http://127.0.0.1:") and endpoint.api_key not in repr(endpoint)
        with pytest.raises(Problem, match="requires an API key"):
            fingerprint(QdrantEndpoint(endpoint.url))
    assert not (tmp_path / "scratch").exists()
    with pytest.raises(Problem, match="cannot reach"):
        fingerprint(endpoint)


def test_a_compressed_snapshot_is_recovered_by_qdrant_too(made: Made, tmp_path: Path) -> None:
    import gzip

    file = bare(made.full, tmp_path / "x")
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 1))
    backup = detect(file.with_name(file.name + ".gz"))
    proof = prove(backup, None, unpack(backup, tmp_path / "storage", silent), program(), tmp_path / "scratch", silent)
    assert proof.second_reader == "equal"
    assert proof.fingerprint.counts == {"collections": 2, "aliases": 1, f"points of {NAME}": 500, "points of other": 20}
    assert not compare(proof.fingerprint, proof.fingerprint)


def test_a_vector_that_qdrant_cannot_have_written_is_damage_where_no_checksum_covers_it(
    made: Made, tmp_path: Path
) -> None:
    """A flipped bit of the exponent of a vector's largest number; nothing in the files but its length shows it."""
    folder = tmp_path / "copy"
    shutil.copytree(made.storage, folder)
    vectors = next((folder / "collections" / NAME / "0" / "segments").glob("*/vector_storage/vectors/chunk_0.mmap"))
    with vectors.open("r+b") as file:
        data = bytearray(file.read(500 * 32 * 4))
        vector = struct.unpack_from("<32f", data, 100 * 32 * 4)
        largest = max(range(32), key=lambda number: abs(vector[number]))
        data[(100 * 32 + largest) * 4 + 3] ^= 1
        file.seek(0)
        file.write(data)
    backup = detect(folder)
    storage = unpack(backup, tmp_path / "storage", silent)
    with pytest.raises(Problem, match=f"1 points of {NAME} .* have vectors of an impossible length"):
        prove(backup, None, storage, program(), tmp_path / "scratch", silent)


@pytest.mark.parametrize("vector", [[None, 1.0], [[0.6, 0.8], [None, 1.0]], [0.6, 0.9]])
def test_a_number_that_is_none_is_an_impossible_length_and_no_error(vector: list[Any]) -> None:
    point = models.Record(id=7, payload={}, vector=[])
    object.__setattr__(point, "vector", vector)  # as the client decodes null
    lengths = Lengths()
    lengths.add("c", {"params": {"vectors": {"size": 2, "distance": "Cosine"}}}, [point])
    assert named(lengths.wrong) == "1 points of c (7)" and point_bytes(point)
