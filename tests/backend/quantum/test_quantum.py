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
        said = client.post("/quantum/run", json=body)
    assert said.status_code == status, said.text
    found: dict[str, Any] = said.json()
    return found


@pytest.mark.parametrize("qasm", [BELL, BELL_3], ids=["qasm 2", "qasm 3"])
def test_a_bell_pair_is_measured_as_one(data: World, qasm: str) -> None:
    found = run(data, qasm=qasm, shots=500, seed=7)
    Counts.model_validate(found)
    assert set(found["counts"]) == {"00", "11"}
    assert sum(found["counts"].values()) == found["shots"] == 500
    assert run(data, qasm=qasm, shots=500, seed=7)["counts"] == found["counts"]
    assert found["device"] == "cpu"


def test_the_statevector_comes_with_it_when_asked(data: World) -> None:
    found = run(data, qasm=BELL.replace("measure q -> c;", ""), statevector=True, shots=1)
    assert [round(real**2 + imaginary**2, 6) for real, imaginary in found["statevector"]] == [0.5, 0, 0, 0.5]


def test_a_circuit_that_does_not_fit_is_refused_with_the_numbers(data: World) -> None:
    said = run(data, 422, qasm='OPENQASM 2.0; include "qelib1.inc"; qreg q[40]; h q[0]; t q;', method="statevector")
    assert said["service"] == "engine"
    assert any(isinstance(value, int) and value > 2**40 for value in said.values())
    assert said["fix"]


def test_what_is_wrong_in_the_source_is_named_by_line(data: World) -> None:
    said = run(data, 422, qasm="OPENQASM 2.0;\nqreg q[1];\nnonsense q[0];")
    assert said["line"] == 3


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
