"""The engine as its callers meet it: a real process with the real model, on its unix socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from omnimind_ops.bench import corpus
from tests.services import ROOT

from .conftest import engine


def rows(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, "<f4").reshape(-1, int(answer.headers["x-dimensions"]))


def embed(client: httpx.Client, *texts: str) -> np.ndarray:
    return rows(client.post("/embed", json={"texts": texts}))


def test_an_answer_says_how_it_was_made(running: httpx.Client) -> None:
    response = running.post("/embed", json={"texts": ["hello world", "word " * 400]}).headers
    assert (response["x-model"], response["x-dimensions"], response["x-device"]) == ("all-MiniLM-L6-v2", "384", "cpu")
    assert (response["x-tokens"], response["x-truncated"], response["x-token-counts"]) == ("260", "1", "4,-256")
    stages = {
        part.split(";dur=")[0].strip(): float(part.split(";dur=")[1]) for part in response["server-timing"].split(",")
    }
    assert set(stages) == {"tokenise", "queue", "inference", "total"}
    assert stages["tokenise"] + stages["queue"] + stages["inference"] <= stages["total"] * 1.01 + 0.1


def test_the_order_is_the_callers_with_doubles(running: httpx.Client) -> None:
    texts = corpus.texts(60)
    requests = [texts[at % 20] for at in range(60)]
    got = embed(running, *requests)
    assert np.allclose(got[:20], got[20:40], atol=2e-2)
    alone = np.concatenate([embed(running, text) for text in requests[:20]])
    assert ((got[:20] * alone).sum(1) > 0.9995).all()


def test_sixteen_callers_get_their_own(running: httpx.Client) -> None:
    texts = corpus.texts(64)
    alone = embed(running, *texts)
    with ThreadPoolExecutor(16) as pool:
        parts = list(pool.map(lambda at: embed(running, *texts[at * 4 : at * 4 + 4]), range(16)))
    assert ((np.concatenate(parts) * alone).sum(1) > 0.9995).all()


BAD = {
    "no json": (b"{", 422),
    "a list": (b"[]", 422),
    "no texts": (b"{}", 422),
    "empty": (b'{"texts": []}', 422),
    "numbers": (b'{"texts": [1]}', 422),
    "truncate": (b'{"texts": ["a"], "truncate": "no"}', 422),
    "too many": (json.dumps({"texts": ["a"] * 4097}).encode(), 413),
    "too long": (json.dumps({"texts": ["word " * 400], "truncate": False}).encode(), 422),
    "too large": (b'{"texts": ["' + b"a" * (33 << 20) + b'"]}', 413),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_are_problems(name: str, running: httpx.Client) -> None:
    body, status = BAD[name]
    response = running.post("/embed", content=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["title"] and response.json()["detail"]


def test_a_text_that_must_not_be_cut_is_named_with_its_length(running: httpx.Client) -> None:
    body = running.post("/embed", json={"texts": ["a", "word " * 400], "truncate": False}).json()
    assert body["detail"] == "text 1 has 402 tokens; the model's limit is 256"


def test_health_info_and_metrics(running: httpx.Client) -> None:
    health = running.get("/health").json()
    assert (health["state"], health["device"], health["expected"]) == ("ready", "cpu", "cpu")
    assert health["proof"]["ok"] and "cosine" in health["proof"]["detail"]
    assert health["encoder"] == "openvino" and "transformers" not in health["versions"]
    info = running.get("/info").json()
    assert info["details"]["weights"] == "safetensors" and info["quantum"]
    assert "omnimind_engine_proof_ok 1.0" in running.get("/metrics").text
    assert running.get("/other").status_code == 404
    refused = running.get("/embed")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_a_circuit_runs(running: httpx.Client) -> None:
    bell = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0], q[1];'
    body = running.post("/quantum", json={"qasm": bell, "shots": 200, "seed": 7}).json()
    assert set(body["counts"]) <= {"00", "11"} and sum(body["counts"].values()) == 200
    assert running.post("/quantum", json={"qasm": "nonsense"}).status_code == 422


def test_a_full_queue_is_a_503_with_retry_after_and_the_engine_goes_on(model: Path, tmp_path: Path) -> None:
    with engine(tmp_path, OMNIMIND_QUEUE_TOKENS="2000") as (_, client), ThreadPoolExecutor(8) as pool:
        texts = corpus.texts(200)
        results = [
            entry.result() for entry in [pool.submit(client.post, "/embed", json={"texts": texts}) for _ in range(8)]
        ]
        refused = [element for element in results if element.status_code == 503]
        assert refused and all(int(item.headers["retry-after"]) >= 1 for item in refused)
        assert any(one.status_code == 200 for one in results)
        assert embed(client, "after").shape == (1, 384)


def test_a_caller_that_hangs_up_gives_its_place_back(model: Path, tmp_path: Path) -> None:
    with engine(tmp_path) as (_, client):
        with pytest.raises(httpx.TimeoutException):
            client.post("/embed", json={"texts": corpus.texts(1000) * 4}, timeout=0.5)
        end = time.monotonic() + 20
        while (left := client.get("/health").json()["queue"])["tokens"] and time.monotonic() < end:
            time.sleep(0.05)
        assert left["tokens"] == 0


def test_gpu_expected_but_running_on_cpu_is_a_state_of_its_own(model: Path, tmp_path: Path) -> None:
    with engine(tmp_path, OMNIMIND_LOCK="cu12") as (_, client):
        health = client.get("/health").json()
        assert (health["state"], health["device"], health["expected"]) == ("degraded", "cpu", "cuda")
        assert health["reason"].startswith("gpu expected but running on cpu: ")
        assert embed(client, "it works all the same").shape == (1, 384)


def test_it_neither_imports_torch_nor_needs_much_memory(model: Path, tmp_path: Path) -> None:
    with engine(tmp_path) as (process, client):
        embed(client, *corpus.texts(1000))
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        assert "libtorch" not in maps and "/torch/" not in maps
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
        assert peak <= 650, f"{peak:.0f} MB"


def test_a_model_that_cannot_be_loaded_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMNIMIND_MODEL": str(tmp_path),
    }
    done = subprocess.run(
        (sys.executable, "-m", "backend.engine"), env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 78
    assert "neither modules.json nor config.json is in it" in done.stderr


def test_what_is_in_flight_is_answered_before_the_end(model: Path, tmp_path: Path) -> None:
    with engine(tmp_path) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/embed", json={"texts": corpus.texts(200)})
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(tmp_path / "engine.sock"))
        time.sleep(0.3)
        assert process.running
        process.running.terminate()
        assert rows(answer.result()).shape == (200, 384)
        assert process.running.wait(20) in (0, -signal.SIGTERM)
