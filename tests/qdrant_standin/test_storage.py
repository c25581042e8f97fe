"""What was acknowledged outlives restarts, crashes and copies."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
from qdrant_client import models

from tests.qdrant_standin.conftest import StartServer
from tests.qdrant_standin.contents import NAME, add, fill, seen
from tests.qdrant_standin.server import Server


def test_a_restart_changes_nothing(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    fill(client)
    before = seen(client)
    assert server.stop() == 0
    server.start()
    assert seen(client) == before
    client.close()


def test_acknowledged_points_survive_kill_9(start_server: StartServer) -> None:
    server = start_server(env={"QDRANT__STORAGE__OPTIMIZERS__FLUSH_INTERVAL_SEC": "3600"})
    client = server.client()
    fill(client)
    for start in range(300, 2300, 500):
        add(client, range(start, start + 500))
    client.delete(NAME, points_selector=[0, 1])
    before = seen(client)
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server.start()
    assert seen(client) == before
    assert client.count(NAME).count == 2298
    client.close()


def test_points_survive_a_kill_in_the_middle_of_writing(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    client.create_collection(NAME, vectors_config=models.VectorParams(size=8, distance=models.Distance.DOT))
    acknowledged: list[int] = []

    def write() -> None:
        with httpx.Client(base_url=server.url) as http:
            for first in range(0, 1_000_000, 100):
                rows = [{"id": first + i, "vector": [1.0] * 8} for i in range(100)]
                try:
                    http.put(f"/collections/{NAME}/points?wait=true", json={"points": rows}).raise_for_status()
                except httpx.TransportError:
                    return
                acknowledged.append(first + 100)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        writer.join(0.01)
    server.stop(signal.SIGKILL)
    writer.join()
    server.start()
    assert client.count(NAME).count >= acknowledged[-1]
    client.close()


def test_a_copy_of_a_stopped_storage_is_the_same_server(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    client = server.client()
    fill(client)
    before = seen(client)
    client.close()
    server.stop()
    shutil.copytree(server.storage, tmp_path / "copy" / "storage")
    copy = start_server(tmp_path / "copy")
    client = copy.client()
    assert seen(client) == before
    client.close()


def test_the_storage_is_laid_out_as_the_real_servers(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    fill(client)
    client.close()
    server.stop()
    collection = server.storage / "collections" / NAME
    assert (collection / "version.info").read_text() == "0.4.2"
    assert json.loads((collection / "config.json").read_bytes())["params"]["shard_number"] == 1
    assert json.loads((collection / "payload_index.json").read_bytes()) == {"schema": {"n": "integer"}}
    assert json.loads((server.storage / "aliases" / "data.json").read_bytes()) == {"current": NAME}
    peer = json.loads((server.storage / "raft_state.json").read_bytes())["this_peer_id"]
    replica = json.loads((collection / "0" / "replica_state.json").read_bytes())
    assert replica == {"is_local": True, "this_peer_id": peer, "peers": {str(peer): "Active"}}
    assert {"wal", "segments"} <= {entry.name for entry in (collection / "0").iterdir()}


def test_a_storage_without_the_engines_own_notes_is_opened(start_server: StartServer) -> None:
    """A real server does not write `edge_config.json`."""
    server = start_server()
    client = server.client()
    fill(client)
    before = seen(client)
    server.stop()
    (server.storage / "collections" / NAME / "0" / "edge_config.json").unlink()
    server.start()
    assert seen(client) == before
    client.close()


def refusal(server: Server) -> str:
    """What a server says that does not start."""
    assert server.launch().wait(timeout=60) == 1
    result = server.said()
    server.kill()
    return result


def test_a_second_server_on_the_same_storage_is_refused(start_server: StartServer) -> None:
    first = start_server()
    assert "another server has this storage open" in refusal(Server(first.home))


@pytest.mark.parametrize(
    ("key", "value"),
    [("payload_storage_type", {"type": "on_disk"}), ("vector_data", {"": {"size": 8, "storage_type": "Memory"}})],
)
def test_storage_of_the_rocksdb_era_is_refused_with_advice(start_server: StartServer, key: str, value: object) -> None:
    server = start_server()
    client = server.client()
    fill(client, 3)
    client.close()
    server.stop()
    (segment,) = (server.storage / "collections" / NAME / "0" / "segments").iterdir()
    config = json.loads((segment / "segment.json").read_bytes())
    config["config"][key] = value
    (segment / "segment.json").write_text(json.dumps(config))
    result = refusal(server)
    assert "RocksDB" in result
    assert "1.16.3" in result
    assert segment.name in result


def test_a_damaged_storage_is_refused_and_not_repaired(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    fill(client, 3)
    client.close()
    server.stop()
    collection = server.storage / "collections" / NAME
    (collection / "0").rename(collection / "1")
    assert "its configuration speaks of 1 shards, there are [1]" in refusal(server)
    assert (collection / "1" / "segments").is_dir()


def test_a_replacement_that_was_cut_short_is_undone(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    fill(client)
    before = seen(client)
    server.stop()
    replaced = server.storage / "tmp" / "replaced"
    replaced.mkdir()
    (server.storage / "collections" / NAME).rename(replaced / NAME)
    server.start()
    assert seen(client) == before
    client.close()


def test_changes_are_flushed_within_the_interval(start_server: StartServer) -> None:
    server = start_server(env={"QDRANT__STORAGE__OPTIMIZERS__FLUSH_INTERVAL_SEC": "0.05"})
    client = server.client()
    fill(client)
    segments = server.storage / "collections" / NAME / "0" / "segments"
    end = time.monotonic() + 10
    while not (written := list(segments.glob("*/mutable_id_tracker.versions"))) and time.monotonic() < end:
        threading.Event().wait(0.02)
    assert written
    client.close()


def test_queries_and_health_are_answered_during_a_large_upsert(start_server: StartServer) -> None:
    server = start_server()
    client = server.client()
    client.create_collection(NAME, vectors_config=models.VectorParams(size=384, distance=models.Distance.DOT))
    rows = [{"id": i, "vector": [float(i)] * 384} for i in range(5_000)]
    body = json.dumps({"points": rows}).encode()
    done: list[int] = []
    writer = threading.Thread(
        target=lambda: done.append(
            httpx.put(f"{server.url}/collections/{NAME}/points", content=body, timeout=60).status_code
        )
    )
    waits = []
    with httpx.Client(base_url=server.url) as http:
        began = time.monotonic()
        writer.start()
        while writer.is_alive():
            started = time.monotonic()
            assert http.get("/healthz").status_code == 200
            waits.append(time.monotonic() - started)
    assert done == [200]
    assert len(waits) > 5
    assert max(waits) < (time.monotonic() - began) / 2, "a health check waited for the upsert"
    client.close()


def test_it_ends_when_it_is_told_to(start_server: StartServer) -> None:
    """Also while a client's connection is open."""
    server = start_server()
    client = server.client()
    fill(client)
    assert server.stop() == 0
    client.close()


def test_copying_with_cp_sparse_keeps_it_small_and_whole(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    client = server.client()
    fill(client)
    before = seen(client)
    client.close()
    server.stop()
    (tmp_path / "copy").mkdir()
    subprocess.run(("cp", "-a", "--sparse=always", str(server.storage), str(tmp_path / "copy" / "storage")), check=True)
    client = start_server(tmp_path / "copy").client()
    assert seen(client) == before
    client.close()
