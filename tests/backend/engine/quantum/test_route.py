"""Where a circuit runs and why; the GPU counts only with a proof."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.engine.quantum import Quantum, card, crossover
from backend.engine.quantum.crossover import Crossover
from backend.engine.quantum.installed import Installed, installed
from backend.engine.quantum.route import Gpu, Proof, route
from backend.http.errors import ApiProblem
from tests.backend.engine.quantum.programs import BELL

CARD = "NVIDIA GeForce GTX 1650"
MEASURED = Crossover(CARD, {"double": 22, "single": 18}, "2026-11-23")
GOOD = Proof(True, "", 0.5, 0.0)
BAD = Proof(False, "No CUDA device available!", 0.5, 0.0)


def where(
    asked="auto",
    *,
    method="statevector",
    precision="double",
    qubits=24,
    blocked="",
    name=CARD,
    proof=GOOD,
    found=MEASURED,
):
    return route(
        asked, method=method, precision=precision, qubits=qubits, gpu=Gpu(blocked, name, proof), crossover=found
    )


@pytest.mark.parametrize(
    ("how", "device", "why"),
    [
        ({}, "gpu", "faster from 22"),
        ({"qubits": 21}, "cpu", "faster from 22"),
        ({"qubits": 18, "precision": "single"}, "gpu", "faster from 18"),
        ({"asked": "cpu"}, "cpu", "request chose"),
        ({"asked": "gpu", "qubits": 2}, "gpu", "request chose"),
        ({"asked": "gpu", "found": crossover.UNMEASURED}, "gpu", "request chose"),
        ({"found": crossover.UNMEASURED}, "cpu", "not measured yet: run omnimind bench quantum"),
        ({"found": replace(MEASURED, precision={"double": None})}, "cpu", "never faster"),
        ({"name": "NVIDIA A100"}, "cpu", "measured on NVIDIA GeForce GTX 1650"),
        ({"blocked": "the card has 1.0 GiB free"}, "cpu", "1.0 GiB free"),
        ({"method": "stabilizer"}, "cpu", "CPU only"),
        ({"proof": BAD}, "cpu", "No CUDA device"),
    ],
)
def test_the_device_follows_what_was_asked_measured_and_proven(how, device, why):
    chosen = where(**how)
    assert (chosen.device, chosen.unproven) == (device, False)
    assert why in chosen.why


def test_a_gpu_without_a_proof_is_to_be_proven_first_and_only_when_it_would_be_used():
    assert where(proof=None).unproven
    assert where("gpu", proof=None).unproven
    assert not where(proof=None, qubits=2).unproven
    assert not where(proof=None, found=crossover.UNMEASURED).unproven


@pytest.mark.parametrize(
    ("how", "status"),
    [({"blocked": "a build without GPU"}, 422), ({"method": "stabilizer"}, 422), ({"proof": BAD}, 503)],
)
def test_a_gpu_that_was_asked_for_by_name_and_cannot_be_had_is_never_silently_a_cpu(how, status):
    with pytest.raises(ApiProblem) as refused:
        where("gpu", **how)
    assert refused.value.status == status
    assert refused.value.fix


def test_what_was_measured_survives_in_its_file(tmp_path):
    assert crossover.load(tmp_path) == crossover.UNMEASURED
    crossover.save(tmp_path, MEASURED)
    assert crossover.load(tmp_path) == MEASURED
    assert [path.name for path in tmp_path.iterdir()] == ["quantum_crossover.json"]


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "card": "x", "precision": {"double": "many"}, "measured_at": ""}'],
)
def test_a_file_that_cannot_be_read_is_no_measurement_and_says_so(tmp_path, content):
    (tmp_path / crossover.FILE).write_text(content)
    result = crossover.load(tmp_path)
    assert isinstance(result, str)
    assert "omnimind bench quantum" in result


def test_the_aer_that_is_installed_here_is_told_and_has_no_gpu():
    have = installed()
    assert have.dist.startswith("qiskit-aer ")
    assert not have.conflict
    assert not have.gpu_build
    assert "without GPU" in have.without_gpu()


def test_both_builds_of_aer_together_are_found_and_refuse_the_gpu(tmp_path):
    other = tmp_path / "qiskit_aer_gpu-0.18.2.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: qiskit-aer-gpu\nVersion: 0.18.2\n")
    code = "from backend.engine.quantum.installed import installed; print(installed().conflict); print(installed().without_gpu())"
    path = os.pathsep.join([str(Path(__file__).parents[4]), str(tmp_path)])
    result = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    conflict, reason = result.stdout.splitlines()
    assert "qiskit-aer 0" in conflict and "qiskit-aer-gpu 0.18.2" in conflict
    assert "overwrite each other" in reason


def test_a_gpu_asked_for_where_there_is_none_is_a_clear_refusal(ask):
    status, body = ask(BELL, device="gpu")
    assert status == 422
    assert "without GPU" in body["detail"]


def test_a_gpu_that_fails_its_proof_is_a_503_by_name_and_a_cpu_with_the_reason_otherwise(tmp_path):
    """The build is said to be one for GPUs, and the child really tries: Aer's own error is what must come out."""
    crossover.save(tmp_path, Crossover(CARD, {"double": 2, "single": 2}, "2026-11-23"))
    build = Installed("qiskit-aer-gpu 0.18.2", gpu_build=True)

    async def story():
        quantum = Quantum(state=tmp_path, have=build, read_card=lambda: card.Card(CARD, 4 << 30, 4 << 30))
        try:
            by_name = await quantum.run({"qasm": BELL, "device": "gpu"})
            info = quantum.info()
            chosen = await quantum.run({"qasm": BELL})
            small = await Quantum.run(quantum, {"qasm": BELL, "device": "cpu"})
        finally:
            await quantum.close()
        return by_name, info, chosen, small

    (status, body), info, chosen, small = asyncio.run(story())
    assert (status, body["title"]) == (503, "the GPU does not work")
    assert body["retry_after_s"] == 60
    assert info["gpu"]["proof"]["ok"] is False
    assert info["gpu"]["proof"]["age_s"] >= 0
    assert info["crossover"]["precision"] == {"double": 2, "single": 2}
    assert (chosen[0], chosen[1]["device"]) == (200, "cpu")
    assert "failed its proof" in chosen[1]["routed"]
    assert small[0] == 200
    json.dumps(info)


def test_a_card_that_is_too_full_sends_a_circuit_to_the_cpu_and_refuses_it_by_name(tmp_path):
    crossover.save(tmp_path, Crossover(CARD, {"double": 2, "single": 2}, "2026-11-23"))
    build = Installed("qiskit-aer-gpu 0.18.2", gpu_build=True)

    async def story():
        quantum = Quantum(state=tmp_path, have=build, read_card=lambda: card.Card(CARD, 100 << 20, 4 << 30))
        try:
            return await quantum.run({"qasm": BELL})
        finally:
            await quantum.close()

    status, body = asyncio.run(story())
    assert (status, body["device"]) == (200, "cpu")
    assert "100 MiB free" in body["routed"]
