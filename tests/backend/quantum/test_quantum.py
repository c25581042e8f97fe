"""Circuits through the API, run by the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from backend.quantum.schemas import Counts
from tests.backend.world import World

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
BELL_3 = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'


def run(data: World, status: int = 200, role: str = "writer", **body: Any) -> dict[str, Any]:
    with data.client(role) as client:
        response = client.post("/quantum/run", json=body)
    assert response.status_code == status, response.text
    content: dict[str, Any] = response.json()
    return content


@pytest.mark.parametrize("qasm", [BELL, BELL_3], ids=["qasm 2", "qasm 3"])
def test_a_bell_pair_is_measured_as_one(data: World, qasm: str) -> None:
    result = run(data, qasm=qasm, shots=500, seed=7)
    Counts.model_validate(result)
    assert set(result["counts"]) == {"00", "11"}
    assert sum(result["counts"].values()) == result["shots"] == 500
    assert run(data, qasm=qasm, shots=500, seed=7)["counts"] == result["counts"]
    assert result["device"] == "cpu"


def test_the_statevector_comes_with_it_when_asked(data: World) -> None:
    result = run(data, qasm=BELL.replace("measure q -> c;", ""), statevector=True, shots=1)
    assert [round(real**2 + imaginary**2, 6) for real, imaginary in result["statevector"]] == [0.5, 0, 0, 0.5]


def test_a_circuit_that_does_not_fit_is_refused_with_the_numbers(data: World) -> None:
    result = run(data, 422, qasm='OPENQASM 2.0; include "qelib1.inc"; qreg q[40]; h q[0]; t q;', method="statevector")
    assert result["service"] == "engine"
    assert any(isinstance(value, int) and value > 2**40 for value in result.values())
    assert result["fix"]


def test_what_is_wrong_in_the_source_is_named_by_line(data: World) -> None:
    result = run(data, 422, qasm="OPENQASM 2.0;\nqreg q[1];\nnonsense q[0];")
    assert result["line"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"qasm": ""},
        {"qasm": BELL, "shots": 0},
        {"qasm": BELL, "shots": "many"},
        {"qasm": BELL, "method": "guess"},
        {"qasm": BELL, "other": 1},
    ],
)
def test_a_request_that_makes_no_sense_does_not_reach_the_engine(data: World, body: dict[str, Any]) -> None:
    assert run(data, 422, **body)["errors"]


def test_a_reader_may_not_run_circuits(data: World) -> None:
    run(data, 403, role="reader", qasm=BELL)
