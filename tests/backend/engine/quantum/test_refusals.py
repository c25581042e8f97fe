"""What is refused: every fault of a caller is a problem body that says what to do, never a broken child."""

from __future__ import annotations

import pytest

from tests.backend.engine.quantum.programs import BELL, HEAD2, HEAD3, doubling


def refused(answer: tuple[int, dict], status: int = 422) -> dict:
    assert answer[0] == status, answer
    body = answer[1]
    assert body["status"] == status
    assert body["title"] and body["detail"] and body["fix"]
    return body


@pytest.mark.parametrize(
    ("program", "line", "column"),
    [
        (HEAD2 + "qreg q[1];\nfoo q[0];\n", 4, 1),
        (HEAD2 + "qreg q[1]\nh q[0];\n", 4, 1),
        (HEAD3 + "qubit[2] q;\n  foo q[0];\n", 4, 3),
        (HEAD3 + "qubit[2] q\nh q[0];\n", 4, 1),
        (HEAD3 + "qubit[2] q;\n%%%\n", 4, 1),
    ],
)
def test_a_fault_in_the_source_is_named_with_line_and_column(ask, program, line, column):
    body = refused(ask(program))
    assert (body["line"], body["column"]) == (line, column), body
    assert f"line {line}, column {column}" in body["detail"]


@pytest.mark.parametrize("head", ["OPENQASM 2.0;", "OPENQASM 3.0;"])
def test_no_file_is_included(ask, head, tmp_path, monkeypatch):
    (tmp_path / "mine.inc").write_text("gate mine a { U(0,0,0) a; }")
    monkeypatch.chdir(tmp_path)
    for name in (
        "/etc/passwd",
        "../../../../etc/passwd",
        "mine.inc",
        str(tmp_path / "mine.inc"),
        "/proc/self/environ",
        "/dev/zero",
    ):
        body = refused(ask(f'{head}\ninclude "{name}";\n'))
        assert "root:" not in str(body)
        assert body["line"] == 2


@pytest.mark.parametrize("program", ["", "qreg q[1];", "OPENQASM 4.0; qubit q;", "// OPENQASM 2.0;\nqreg q[1];"])
def test_a_source_without_a_known_header_is_refused(ask, program):
    assert "OPENQASM 2.0" in refused(ask(program))["fix"]


def test_a_source_that_is_too_long_is_refused_before_it_is_read(ask):
    body = refused(ask("OPENQASM 2.0;" + " " * 300_000), 413)
    assert body["source_bytes"] > body["most_source_bytes"] == 262_144


@pytest.mark.parametrize(
    "program",
    [
        "OPENQASM 2.0; qreg q[1000000000];",
        "OPENQASM 3.0; qubit[1000000000] q;",
        "OPENQASM 3.0; qubit[" + "9" * 5000 + "] q;",
        "OPENQASM 3.0; qubit[100*100] q;",
    ],
)
def test_a_register_of_a_thousand_million_qubits_is_refused_before_it_is_made(ask, program):
    assert refused(ask(program))["most_qubits"] == 5000


def test_a_short_program_of_more_gates_than_allowed_is_refused(ask):
    for program in (doubling(HEAD2, "qreg q[1];", 40, body=""), HEAD3 + "qubit q; for int i in [0:3000000] { x q; }"):
        assert refused(ask(program))["most_gates"] == 100_000


def test_definitions_that_are_too_deep_are_refused(ask):
    deep = "gate g0 a { x a; }" + "".join(f"gate g{at} a {{ g{at - 1} a; }}" for at in range(1, 1000))
    assert refused(ask(HEAD2 + deep + "qreg q[1]; g999 q[0];"))["most_depth"] == 200


def test_a_gate_without_definition_and_an_input_without_value_are_refused(ask):
    assert "gate a" in refused(ask("OPENQASM 2.0; opaque a q; qreg q[1]; a q[0];"))["detail"]
    assert "angle" in refused(ask(HEAD3 + "input float angle; qubit q; rx(angle) q;"))["detail"]


def test_a_program_without_qubits_is_refused(ask):
    refused(ask("OPENQASM 2.0; creg c[1];"))


def test_faults_that_the_importers_do_not_expect_are_refusals_too(ask):
    refused(ask("OPENQASM 3.0; qubit[2] q; U(1,2,3) q[5];"))
    refused(ask("OPENQASM 3.0; x = " + "(" * 3000 + "1" + ")" * 3000 + ";"))


def test_a_tableau_cannot_run_what_is_not_clifford(ask):
    refused(ask(HEAD2 + "qreg q[1]; t q[0];", method="stabilizer"))


def test_a_statevector_is_refused_for_many_qubits_and_where_there_is_not_one(ask):
    assert refused(ask(HEAD2 + "qreg q[13]; h q;", statevector=True))["most_qubits"] == 12
    refused(ask(HEAD2 + "qreg q[2]; creg c[2]; h q[0]; measure q[0] -> c[0]; h q[0];", statevector=True))
    refused(ask(HEAD2 + "qreg q[1]; h q[0]; reset q[0]; h q[0];", statevector=True))


def test_every_wrong_member_of_a_request_is_named_at_once(ask):
    wrong = {
        "shots": 0,
        "seed": -1,
        "precision": "half",
        "method": "magic",
        "device": "tpu",
        "statevector": "yes",
        "timeout_s": 601,
        "colour": 1,
    }
    body = refused(ask(BELL, **wrong))
    assert len(body["errors"]) == len(wrong)
    for member in wrong:
        assert any(member in error for error in body["errors"]), member


@pytest.mark.parametrize(
    "wrong",
    [
        {"shots": 1_000_001},
        {"shots": True},
        {"shots": 1.5},
        {"seed": 2**53 + 1},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
        {"precision": ["double"]},
    ],
)
def test_a_value_out_of_bounds_is_refused(ask, wrong):
    assert len(refused(ask(BELL, **wrong))["errors"]) == 1


def test_the_next_circuit_runs_after_all_these(ask):
    assert ask(BELL)[0] == 200
