"""The bench of circuits: the crossover is a pure function of the rows; the rows come from real runs."""

from __future__ import annotations

import asyncio

import pytest

from backend.engine.quantum.measure import crossover, measure
from backend.engine.quantum.series import Row


def rows(cpu: dict[int, float], gpu: dict[int, float], circuit: str = "qft") -> list[Row]:
    figures = (("cpu", cpu), ("gpu", gpu))
    return [
        Row(circuit, qubits, device, "double", (seconds,))
        for device, times in figures
        for qubits, seconds in times.items()
    ]


@pytest.mark.parametrize(
    ("cpu", "gpu", "least"),
    [
        ({16: 1, 18: 4, 20: 16}, {16: 3, 18: 3, 20: 4}, 18),
        ({16: 1, 18: 4, 20: 16}, {16: 0.5, 18: 1, 20: 2}, 16),
        ({16: 1, 18: 4, 20: 16}, {16: 3, 18: 9, 20: 20}, None),
        (
            {16: 1, 18: 4, 20: 16},
            {16: 0.5, 18: 9, 20: 4},
            20,
        ),  # it won, lost, and won again: only the last stretch counts
        ({16: 1, 18: 4}, {16: 3, 18: 3, 20: 4, 22: 9}, 18),  # the CPU did not get so far in its time
        ({}, {16: 1}, None),
    ],
)
def test_the_crossover_is_the_size_from_which_on_the_gpu_always_wins(cpu, gpu, least):
    assert crossover(rows(cpu, gpu), "double") == least
    assert crossover(rows(cpu, gpu), "single") is None


def test_every_circuit_has_to_agree():
    both = rows({16: 1, 18: 4}, {16: 0.5, 18: 1}) + rows({16: 1, 18: 4}, {16: 2, 18: 1}, "qv")
    assert crossover(both, "double") == 18


def test_without_a_gpu_the_cpu_is_measured_and_the_reason_told():
    observed: list[Row] = []
    measured = asyncio.run(measure(sizes=(4, 6), budget_s=60, runs=2, on_row=observed.append))
    assert measured.crossover is None
    assert "without GPU" in measured.why_not
    assert list(measured.rows) == observed
    assert {(row.circuit, row.qubits, row.device, row.precision) for row in observed} == {
        (name, size, "cpu", kind) for name in ("qft", "qv") for size in (4, 6) for kind in ("double", "single")
    }
    assert all(len(row.seconds) == 2 and row.median > 0 and not row.error for row in observed)


def test_no_time_left_still_measures_the_first_size_and_no_more():
    measured = asyncio.run(measure(sizes=(4, 6, 8), budget_s=0, runs=1))
    assert {row.qubits for row in measured.rows} == {4}
