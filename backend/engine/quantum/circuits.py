"""Benchmark circuits: a quantum Fourier transform and a quantum volume circuit, fixed for each number of qubits."""

from __future__ import annotations

import math
from collections.abc import Callable

from qiskit import QuantumCircuit
from qiskit.circuit.library import quantum_volume

QV_DEPTH = 10
QV_SEED = 42


def qft(qubits: int) -> QuantumCircuit:
    """Return a layer of H, followed by the transform's ladder of H and controlled phases, without its final swaps."""
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for target in reversed(range(qubits)):
        circuit.h(target)
        for control in range(target):
            circuit.cp(math.pi / (1 << (target - control)), control, target)
    return circuit


def qv(qubits: int) -> QuantumCircuit:
    """Return ten layers of random gates on pairs of qubits, seed 42: a dense circuit without structure."""
    return quantum_volume(qubits, depth=QV_DEPTH, seed=QV_SEED)


BUILD: dict[str, Callable[[int], QuantumCircuit]] = {"qft": qft, "qv": qv}
