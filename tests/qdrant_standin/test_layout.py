"""What the stand-in writes against what a real Qdrant wrote: members, their order, kinds, modes and endings."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import httpx
import pytest
from qdrant_client import models

from tests.qdrant_standin.conftest import StartServer
from tests.qdrant_standin.server import Server

REAL = Path(__file__).parents[1] / "fixtures" / "qdrant-real" / "made-1.18.3"
NARRATIVES, MACHINES = "omnimind_narratives", "universal_machine_embeddings"
END = 1024
"""Two empty blocks."""
OPTIONAL = ("N/wal/first-index", "N/newest_clocks.json", "newest_clocks.json")
PATTERNS = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"-\d+-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.snapshot$", "-PEER-TIME.snapshot"),
    (r"^\d+/", "N/"),
    (r"(open|closed)-\d+$", r"\1-N"),
    (r"/files/(vector_index|vector_storage|payload_index|payload_storage)[^/]*/.*", r"/files/\1"),
    (r"/files/(mutable_)?id_tracker\..*", "/files/id_tracker"),
)
Outline = list[tuple[str, bytes, int, bool]]


def pattern(name: str) -> str:
    """A member's name without what differs from run to run."""
    for result, instead in PATTERNS:
        name = re.sub(result, instead, name)
    return name


def kind(member: tarfile.TarInfo) -> bytes:
    """File, made-up file or folder; whether a file has holes depends on what is in it."""
    return tarfile.REGTYPE if member.type == tarfile.GNUTYPE_SPARSE else member.type


def mode(data: bytes, member: tarfile.TarInfo) -> int:
    """The whole mode as written; `tarfile` shows only the permissions."""
    at = header(data, member)
    return int(data[at + 100 : at + 107].rstrip(b"\0 "), 8)


def header(data: bytes, member: tarfile.TarInfo) -> int:
    """Where the member's own header is: after the one that has its long name, if it has one."""
    at = member.offset
    while data[at + 156 : at + 157] in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
        at += 512 + -(-int(data[at + 124 : at + 135], 8) // 512) * 512
    return at


def outline(data: bytes) -> Outline:
    """Each member's name, kind, mode and whether it has a time, in order; equal neighbours once."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [
            (pattern(m.name), kind(m), mode(data, m), m.mtime > 0) for m in tar if pattern(m.name) not in OPTIONAL
        ]
    return [member for member, _ in groupby(members)]


def parts(data: bytes) -> list[str]:
    """What a segment consists of, in order."""
    return [name for name, _ in groupby(member[0] for member in outline(data))]


def beyond(data: bytes) -> int:
    """How many bytes come after the last member."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        last = tar.getmembers()[-1]
        at = header(data, last)
        stored = int(data[at + 124 : at + 135], 8)
        return len(data) - last.offset_data - stored - -stored % 512


def segments(data: bytes) -> Iterator[bytes]:
    """The segment archives of a collection or shard snapshot."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if "segments/" in member.name and member.name.endswith(".tar"):
                file = tar.extractfile(member)
                assert file is not None
                yield file.read()


def real(name: str) -> bytes:
    """A file that the real server wrote."""
    (path,) = (path for path in REAL.glob(f"{name}*") if path.suffix == ".snapshot")
    return path.read_bytes()


@pytest.fixture(scope="module")
def made(start_server: StartServer) -> Server:
    """The stand-in with the recorded server's two collections."""
    server = start_server()
    client = server.client()
    client.create_collection(
        NARRATIVES,
        vectors_config={"t": models.VectorParams(size=8, distance=models.Distance.DOT)},
        sparse_vectors_config={"s": models.SparseVectorParams()},
        shard_number=2,
    )
    sparse = models.SparseVector(indices=[0, 7], values=[0.5, 1.5])
    client.upsert(
        NARRATIVES, [models.PointStruct(id=i, vector={"t": [i] * 8, "s": sparse}, payload={"n": i}) for i in range(40)]
    )
    client.create_collection(MACHINES, vectors_config=models.VectorParams(size=64, distance=models.Distance.COSINE))
    client.upsert(
        MACHINES,
        [models.PointStruct(id=i, vector=[1, *[i] * 63], payload={"source": f"doc-{i % 7}"}) for i in range(297)],
    )
    client.create_payload_index(MACHINES, "source", field_schema=models.PayloadSchemaType.KEYWORD)
    client.close()
    return server


def fetched(made: Server, collection: str) -> bytes:
    """A new collection snapshot."""
    snapshots = f"{made.url}/collections/{collection}/snapshots"
    name = httpx.post(snapshots, timeout=60).json()["result"]["name"]
    assert pattern(name) == f"{collection}-PEER-TIME.snapshot"
    return httpx.get(f"{snapshots}/{name}").content


@pytest.mark.parametrize("collection", [NARRATIVES, MACHINES])
def test_a_collection_snapshot_is_laid_out_as_the_real_ones(made: Server, collection: str) -> None:
    ours, theirs = fetched(made, collection), real(collection)
    assert outline(ours) == outline(theirs)
    assert beyond(ours) == beyond(theirs) == END


def test_segments_end_after_their_last_file_and_hold_the_same_parts_in_the_same_order(made: Server) -> None:
    for collection in (NARRATIVES, MACHINES):
        theirs = list(segments(real(collection)))
        for ours in segments(fetched(made, collection)):
            assert beyond(ours) == 0
            assert parts(ours) in [[part for part in parts(other) if "vector_index" not in part] for other in theirs]
            assert {(kind, mode) for _, kind, mode, _ in outline(ours)} == {(b"0", 0o100644)}
        assert {beyond(other) for other in theirs} == {0}


def test_a_full_snapshot_is_laid_out_as_the_real_one(made: Server) -> None:
    name = httpx.post(f"{made.url}/snapshots", timeout=60).json()["result"]["name"]
    assert re.fullmatch(r"full-snapshot-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.snapshot", name)
    ours, theirs = httpx.get(f"{made.url}/snapshots/{name}").content, real("full-snapshot")
    assert outline(ours) == outline(theirs)
    assert beyond(ours) == beyond(theirs) == END
    (checksum,) = REAL.glob("full-snapshot-*.checksum")
    assert len((made.snapshots / f"{name}.checksum").read_bytes()) == len(checksum.read_bytes())


def test_a_streamed_shard_is_laid_out_as_the_real_one(made: Server) -> None:
    ours, theirs = httpx.get(f"{made.url}/collections/{MACHINES}/shards/0/snapshot", timeout=60).content, real("shard-")
    assert outline(ours)[-4:] == outline(theirs)[-4:]  # the log, empty, and the shard's own files
    assert set(outline(ours)) <= set(outline(theirs))
    assert parts(ours)[-7:-4] == parts(theirs)[-7:-4]
    assert beyond(ours) == beyond(theirs) == END
    with tarfile.open(fileobj=io.BytesIO(ours)) as tar:
        log = next(member for member in tar if "wal/closed-" in member.name)
        assert (log.size, log.type) == (32 << 20, tarfile.GNUTYPE_SPARSE)
