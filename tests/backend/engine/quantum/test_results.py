"""What a circuit gives: counts, amplitudes, seeds, in both versions of OpenQASM and both precisions."""

from __future__ import annotations

import cmath
import math

import pytest

from tests.backend.engine.quantum.programs import BELL, BELL3, HEAD2, HEAD3, fourier, ghz, turned


def test_a_bell_pair_gives_both_agreeing_outcomes_about_equally_often(ask):
    status, body = ask(BELL, shots=4000, seed=1)
    assert status == 200
    assert set(body["counts"]) == {"00", "11"}
    assert sum(body["counts"].values()) == body["shots"] == 4000
    assert abs(body["counts"]["00"] - 2000) < 200  # 6 sigma
    assert (body["qubits"], body["device"], body["precision"], body["method"]) == (2, "cpu", "double", "statevector")
    assert body["memory_bytes"] > 0
    assert body["routed"]
    assert set(body["seconds"]) == {"queue", "start", "parse", "run", "total"}


def test_openqasm_3_gives_the_same_counts_as_openqasm_2(ask):
    two, three = ask(BELL, seed=5)[1], ask(BELL3, seed=5)[1]
    assert two["counts"] == three["counts"]


def test_the_same_seed_gives_the_same_counts_and_another_seed_others(ask):
    program = turned(6)
    first, again, other = (ask(program, seed=seed)[1]["counts"] for seed in (3, 3, 4))
    assert first == again != other


def test_a_seed_that_was_chosen_is_told_and_gives_the_same_counts_again(ask):
    program = turned(6)
    chosen = ask(program)[1]
    assert ask(program, seed=chosen["seed"])[1]["counts"] == chosen["counts"]


def test_the_largest_seed_is_taken(ask):
    program = turned(6)
    first, again, other = (ask(program, seed=seed)[1]["counts"] for seed in (2**53, 2**53, 2**53 - 2**32))
    assert first == again != other  # not cut to 32 bits


@pytest.mark.parametrize(("precision", "bound"), [("double", 1e-12), ("single", 1e-4)])
def test_a_fourier_transform_has_the_amplitudes_of_its_closed_form(ask, precision, bound):
    qubits, number = 7, 77
    status, body = ask(fourier(qubits, number), precision=precision, statevector=True, shots=1)
    assert status == 200
    size = 1 << qubits
    exact = [cmath.exp(2j * math.pi * number * row / size) / math.sqrt(size) for row in range(size)]
    assert (
        max(abs(complex(*row) - amplitude) for row, amplitude in zip(body["statevector"], exact, strict=True)) < bound
    )


def test_single_precision_needs_half_the_memory_for_its_state(ask):
    double, single = (
        ask(turned(20), precision=precision, shots=1, method="statevector")[1]["memory_bytes"]
        for precision in ("double", "single")
    )
    assert abs((double - single) - 8 * 2**20 * 1.05) < 4096


def test_a_circuit_without_measurements_is_measured_in_full(ask):
    status, body = ask(HEAD2 + "qreg q[3]; creg unused[5]; x q[1];")
    assert (status, body["counts"]) == (200, {"010": 1024})


def test_several_registers_are_parted_by_a_space(ask):
    status, body = ask(
        HEAD2 + "qreg q[2]; creg a[1]; creg b[1]; x q[0]; measure q[0] -> a[0]; measure q[1] -> b[0];", shots=10
    )
    assert (status, body["counts"]) == (200, {"0 1": 10})


def test_a_clifford_circuit_of_a_hundred_qubits_runs_as_a_tableau(ask):
    status, body = ask(ghz(100), shots=100)
    assert status == 200
    assert body["method"] == "stabilizer"
    assert set(body["counts"]) <= {"0" * 100, "1" * 100}


def test_a_matrix_product_state_runs_sixty_qubits_that_are_not_clifford(ask):
    status, body = ask(turned(60), shots=20, method="matrix_product_state")
    assert status == 200
    assert {len(key) for key in body["counts"]} == {60}


@pytest.mark.parametrize(
    "program",
    [
        "OPENQASM 2.0; gate h a { U(pi,0,pi) a; } qreg q[1]; h q[0];",
        "OPENQASM 3.0; gate h a { U(pi,0,pi) a; } qubit q; h q;",
    ],
)
def test_a_gate_that_the_program_calls_h_is_what_the_program_says_it_is(ask, program):
    status, body = ask(program)
    assert (status, body["counts"]) == (
        200,
        {"1": 1024},
    )  # it is an X; Aer, left to itself, takes the name for the Hadamard


def test_a_gate_named_like_one_of_qiskits_own_is_what_the_program_says_it_is(ask):
    status, body = ask(HEAD2 + "gate swap a,b { x a; x b; } qreg q[2]; swap q[0],q[1];")
    assert (status, body["counts"]) == (200, {"11": 1024})


def test_gates_of_the_program_are_expanded_inside_loops_and_branches(ask):
    program = (
        HEAD3
        + "gate flip a { x a; }\nqubit[2] q; bit[2] c;\nfor int i in [0:2] { flip q[0]; }\nc[0] = measure q[0];\nif (c[0]) { flip q[1]; }\nc[1] = measure q[1];"
    )
    status, body = ask(program)
    assert (status, body["counts"]) == (200, {"11": 1024})


def test_a_while_loop_may_end_the_program(ask):
    status, body = ask(HEAD3 + "qubit q; bit c; while (!c) { h q; c = measure q; }", seed=1)
    assert (status, body["counts"]) == (200, {"1": 1024})  # Aer's truncation, left on, fails at it


def test_modifiers_and_powers_of_gates_run(ask):
    status, body = ask(HEAD3 + "qubit[2] q; x q[0]; pow(0.5) @ x q[1]; pow(0.5) @ x q[1]; ctrl @ inv @ x q[1], q[0];")
    assert (status, body["counts"]) == (200, {"10": 1024})


def test_the_phase_of_a_gates_definition_is_kept(ask):
    body = ask("OPENQASM 3.0; gate minus a { gphase(pi); } qubit q; minus q;", statevector=True)[1]
    assert body["statevector"][0] == pytest.approx([-1, 0])


def test_more_outcomes_than_an_answer_can_hold_are_counted_as_left_out(ask):
    status, body = ask(HEAD2 + "qreg q[18]; h q;", shots=150_000, method="statevector")
    assert status == 200
    assert len(body["counts"]) == 65_536
    assert body["counts_left_out"]["outcomes"] > 0
    assert sum(body["counts"].values()) + body["counts_left_out"]["shots"] == 150_000


def test_a_statevector_is_the_state_before_the_final_measurements(ask):
    body = ask(BELL, statevector=True)[1]
    assert body["statevector"] == [
        pytest.approx(row) for row in ([math.sqrt(0.5), 0], [0, 0], [0, 0], [math.sqrt(0.5), 0])
    ]
    assert sum(body["counts"].values()) == 1024
