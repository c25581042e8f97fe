"""Snapshots of collections, shards and everything, made here and brought back."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.qdrant_standin.conftest import StartServer
from tests.qdrant_standin.contents import NAME, add, fill, seen
from tests.qdrant_standin.server import Server


@pytest.fixture
def filled(client: QdrantClient) -> QdrantClient:
    """A client of a server with one full collection."""
    fill(client)
    return client


def made(client: QdrantClient) -> models.SnapshotDescription:
    """A new snapshot."""
    snapshot = client.create_snapshot(NAME)
    assert snapshot is not None
    return snapshot


def upload(server: Server, data: bytes, name: str = NAME, **params: str) -> httpx.Response:
    """Upload a snapshot as a browser would."""
    url = f"{server.url}/collections/{name}/snapshots/upload"
    return httpx.post(url, params={"priority": "snapshot", **params}, files={"snapshot": ("x", data)}, timeout=60)


def download(server: Server, name: str) -> bytes:
    """The bytes of a snapshot."""
    answer = httpx.get(f"{server.url}/collections/{NAME}/snapshots/{name}")
    answer.raise_for_status()
    return answer.content


def test_a_snapshot_is_listed_downloaded_and_deleted(server: Server, filled: QdrantClient) -> None:
    snapshot = made(filled)
    assert snapshot in filled.list_snapshots(NAME)
    data = download(server, snapshot.name)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (snapshot.size, snapshot.checksum)
    filled.delete_snapshot(NAME, snapshot.name)
    assert snapshot not in filled.list_snapshots(NAME)
    assert httpx.get(f"{server.url}/collections/{NAME}/snapshots/{snapshot.name}").status_code == 404


def test_recovering_brings_the_old_points_back(server: Server, filled: QdrantClient) -> None:
    before = seen(filled)
    snapshot = made(filled)
    add(filled, range(300, 400))
    filled.delete(NAME, points_selector=[1, 2, 3])
    location = (server.snapshots / NAME / snapshot.name).as_uri()
    assert filled.recover_snapshot(NAME, location, checksum=snapshot.checksum)
    assert seen(filled) == before
    add(filled, range(300, 310))
    assert filled.count(NAME).count == 310


def test_an_uploaded_snapshot_becomes_a_collection_on_another_server(
    server: Server, filled: QdrantClient, start_server: StartServer
) -> None:
    before = seen(filled)
    data = download(server, made(filled).name)
    other = start_server()
    assert upload(other, data, checksum=hashlib.sha256(data).hexdigest()).json()["result"] is True
    client = other.client()
    after = seen(client)
    assert after.pop("aliases") == models.CollectionsAliasesResponse(aliases=[])  # aliases are not inside
    before.pop("aliases")
    assert after == before
    other.stop()
    other.start()
    assert client.count(NAME).count == 300
    client.close()


def test_writes_after_a_recovery_survive_kill_9(
    server: Server, filled: QdrantClient, start_server: StartServer
) -> None:
    data = download(server, made(filled).name)
    other = start_server()
    upload(other, data).raise_for_status()
    client = other.client()
    add(client, range(1000, 1100))
    other.stop(9)
    other.start()
    assert client.count(NAME).count == 400
    client.close()


def test_a_wrong_checksum_is_refused_and_changes_nothing(server: Server, filled: QdrantClient) -> None:
    before = seen(filled)
    snapshot = made(filled)
    answer = upload(server, download(server, snapshot.name), checksum="0" * 64)
    assert answer.status_code == 400
    assert "checksum mismatch" in answer.json()["status"]["error"]
    with pytest.raises(UnexpectedResponse, match="checksum mismatch"):
        filled.recover_snapshot(NAME, (server.snapshots / NAME / snapshot.name).as_uri(), checksum="0" * 64)
    assert seen(filled) == before


def test_an_upload_that_is_no_whole_form_is_refused_and_restores_nothing(server: Server, filled: QdrantClient) -> None:
    before = seen(filled)
    data = download(server, made(filled).name)
    add(filled, range(300, 310))
    url = f"{server.url}/collections/{NAME}/snapshots/upload?priority=snapshot"
    head = b'--b\r\nContent-Disposition: form-data; name="snapshot"; filename="x"\r\n\r\n'

    def sent(body: bytes, content_type: str = "multipart/form-data; boundary=b") -> int:
        return httpx.post(url, content=body, headers={"content-type": content_type}, timeout=60).status_code

    assert sent(head + data) == 400  # cut off: all of the file, and no boundary behind it
    assert sent(head + data + b"\r\n" + head + b"half") == 400
    assert sent(b"--b--\r\n") == 400
    assert sent(b"no form") == 400
    assert sent(data, "application/octet-stream") == 400
    assert seen(filled) != before
    assert sent(head + data + b"\r\n" + head + b"a second file" + b"\r\n--b--\r\n") == 200
    assert seen(filled) == before


def test_a_file_that_is_no_whole_snapshot_is_refused(server: Server, filled: QdrantClient) -> None:
    before = seen(filled)
    whole = download(server, made(filled).name)
    for data in (b"", b"no snapshot", bytes(range(100)) * 1000, whole[:100], whole[: len(whole) // 2]):
        assert upload(server, data).status_code == 400
    assert seen(filled) == before


def test_a_snapshot_with_other_vectors_does_not_replace_a_collection(server: Server, filled: QdrantClient) -> None:
    filled.create_collection("other", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    answer = upload(server, download(server, made(filled).name), "other")
    assert answer.status_code == 400
    assert "not compatible" in answer.json()["status"]["error"]


def test_files_outside_the_snapshots_directory_are_forbidden(
    filled: QdrantClient, server: Server, tmp_path: Path
) -> None:
    outside = tmp_path / "x.snapshot"
    outside.write_bytes(download(server, made(filled).name))
    for location, status in (
        (outside.as_uri(), 403),
        (f"file://{server.snapshots}/../..{outside}", 400),
        ("file:///nowhere/x.snapshot", 400),
    ):
        with pytest.raises(UnexpectedResponse) as refusal:
            filled.recover_snapshot(NAME, location)
        assert refusal.value.status_code == status  # 400: there is no such file
    with pytest.raises(UnexpectedResponse, match="Http request error") as refusal:
        filled.recover_snapshot(NAME, "http://127.0.0.1:9/x.snapshot")
    assert refusal.value.status_code == 500


def test_a_snapshot_is_recovered_from_another_server(
    server: Server, filled: QdrantClient, start_server: StartServer
) -> None:
    other = start_server()
    address = f"{server.url}/collections/{NAME}/snapshots/{made(filled).name}"
    client = other.client()
    assert client.recover_snapshot("copy", address, wait=True)
    assert client.count("copy").count == filled.count(NAME).count
    client.close()


def test_the_format_is_the_real_servers_and_stays_sparse(server: Server, filled: QdrantClient) -> None:
    snapshot = made(filled)
    path = server.snapshots / NAME / snapshot.name
    assert path.with_name(f"{path.name}.checksum").read_text() == snapshot.checksum
    with tarfile.open(path, "r:") as outer:
        names = outer.getnames()
        segment = next(name for name in names if name.startswith("0/segments/") and name.endswith(".tar"))
        packed = outer.extractfile(segment)
        assert packed is not None
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as inner:
            assert "snapshot/files/segment.json" in inner.getnames()
    assert {"config.json", "version.info", "payload_index.json", "0/shard_config.json", "0/replica_state.json"} <= set(
        names
    )
    assert any(name.startswith("0/wal/") for name in names)
    assert snapshot.size < 10 << 20  # of more than 100 MiB, mostly holes


def test_gnu_tar_reads_it_and_keeps_the_holes(server: Server, filled: QdrantClient, tmp_path: Path) -> None:
    path = server.snapshots / NAME / made(filled).name
    subprocess.run(("tar", "-xf", str(path), "-C", str(tmp_path)), check=True)
    original = server.storage / "collections" / NAME / "0"
    for segment in (original / "segments").iterdir():
        (tmp_path / segment.name).mkdir()
        packed = tmp_path / "0" / "segments" / f"{segment.name}.tar"
        subprocess.run(("tar", "-xf", str(packed), "-C", str(tmp_path / segment.name)), check=True)
        files = tmp_path / segment.name / "snapshot" / "files"
        there = {path.relative_to(segment) for path in segment.rglob("*") if path.is_file()}
        assert {
            path.relative_to(files) for path in files.rglob("*") if path.is_file()
        } == there  # empty folders are not packed
        for path in there:
            subprocess.run(("cmp", str(segment / path), str(files / path)), check=True)
        vectors = next(files.glob("vector_storage-text/vectors/chunk_0.mmap"))
        assert vectors.stat().st_blocks * 512 < vectors.stat().st_size / 10


def test_a_full_snapshot_holds_every_collection_and_the_aliases(server: Server, filled: QdrantClient) -> None:
    filled.create_collection("empty", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    snapshot = filled.create_full_snapshot()
    assert snapshot in filled.list_full_snapshots()
    assert snapshot is not None
    answer = httpx.get(f"{server.url}/snapshots/{snapshot.name}")
    assert hashlib.sha256(answer.content).hexdigest() == snapshot.checksum
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        config = tar.extractfile("config.json")
        assert config is not None
        facts = httpx.Response(200, content=config.read()).json()
        packed = tar.extractfile(facts["collections_mapping"][NAME])
        assert packed is not None
        data = packed.read()
    assert (set(facts["collections_mapping"]), facts["collections_aliases"]) == ({NAME, "empty"}, {"current": NAME})
    before = seen(filled)
    filled.clear_payload(NAME, points_selector=models.Filter())
    assert upload(server, data).status_code == 200
    assert seen(filled) == before
    filled.delete_full_snapshot(snapshot.name)
    assert filled.list_full_snapshots() == []


def test_a_shard_snapshot_restores_the_shard(server: Server, filled: QdrantClient) -> None:
    before = seen(filled)
    snapshot = filled.create_shard_snapshot(NAME, 0)
    assert snapshot is not None
    assert filled.list_shard_snapshots(NAME, 0) == [snapshot]
    filled.delete(NAME, points_selector=list(range(100)))
    location = (server.snapshots / NAME / "shards" / "0" / snapshot.name).as_uri()
    assert filled.recover_shard_snapshot(NAME, 0, location)
    assert seen(filled) == before
    filled.delete_shard_snapshot(NAME, 0, snapshot.name)
    assert filled.list_shard_snapshots(NAME, 0) == []


def test_questions_are_answered_while_a_snapshot_is_made(server: Server, filled: QdrantClient) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        snapshot = pool.submit(filled.create_snapshot, NAME)
        assert filled.count(NAME).count == 300
        assert snapshot.result() is not None
