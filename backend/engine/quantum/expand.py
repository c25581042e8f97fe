"""Expansion of a parsed circuit for Aer: unknown gates are replaced by their definitions, up to a limit."""

from __future__ import annotations

from dataclasses import dataclass, field

from qiskit import QuantumCircuit
from qiskit.circuit import BoxOp, ControlFlowOp, ForLoopOp, Instruction

from backend.engine.quantum.source import too_many
from backend.http.errors import ApiProblem

GATES = 100_000
DEPTH = 200  # maximum nesting of definitions
ALWAYS = frozenset({"measure", "barrier", "reset", "delay"})
DEFINED_BY_PROGRAM = (
    "qiskit.circuit.gate",
    "qiskit.circuit.instruction",
    "qiskit.circuit.controlledgate",
    "qiskit.qasm2.parse",
)
"""Modules of the gate classes that a program defines.

Aer recognises gates by name alone: a `gate h` that is not a Hadamard would silently become one.
"""


@dataclass
class Budget:
    """The rest of the gate limit.

    Empty definitions count too: forty definitions that each use the previous one twice are 2^40 gates.
    """

    basis: frozenset[str]
    left: int = GATES
    path: list[str] = field(default_factory=list)

    def spend(self, count: int) -> None:
        """Use `count` gates. Raises 422 if the limit is exceeded."""
        self.left -= count
        if self.left < 0:
            raise too_many("gates", GATES + 1, GATES)


def expand(circuit: QuantumCircuit, basis: frozenset[str]) -> tuple[QuantumCircuit, int]:
    """Return an equivalent circuit in the gates of `basis`, and its number of gates.

    A loop's body counts once per turn.
    """
    budget = Budget(basis | ALWAYS)
    expanded = _expanded(circuit, budget, 1)
    return expanded, GATES - budget.left


def _expanded(circuit: QuantumCircuit, budget: Budget, times: int) -> QuantumCircuit:
    out = circuit.copy_empty_like()
    for step in circuit.data:
        _put(out, step.operation, list(step.qubits), list(step.clbits), budget, times)
    return out


def _put(
    out: QuantumCircuit, gate: Instruction, qubits: list[object], bits: list[object], budget: Budget, times: int
) -> None:
    """Add one gate, or its definition, to `out`."""
    budget.spend(times)
    if isinstance(gate, BoxOp):
        _inline(out, gate.blocks[0], gate.name, qubits, bits, budget, times)
    elif isinstance(gate, ControlFlowOp):
        turns = times * max(1, len(gate.params[0])) if isinstance(gate, ForLoopOp) else times
        out.append(gate.replace_blocks(_expanded(block, budget, turns) for block in gate.blocks), qubits, bits)
    elif gate.name in budget.basis and not _defined_by_program(gate):
        out.append(gate, qubits, bits, copy=False)
    elif (definition := getattr(gate, "definition", None)) is not None:
        _inline(out, definition, gate.name, qubits, bits, budget, times)
    else:
        raise ApiProblem(
            422,
            "the circuit cannot be simulated",
            f"gate {gate.name} has no definition that this method can run",
            fix="define the gate, or choose another method",
        )


def _inline(
    out: QuantumCircuit,
    definition: QuantumCircuit,
    name: str,
    qubits: list[object],
    bits: list[object],
    budget: Budget,
    times: int,
) -> None:
    if len(budget.path) >= DEPTH:
        raise ApiProblem(
            422,
            "the circuit is too large",
            f"gate definitions are nested {DEPTH} deep at {name}",
            fix="use flatter definitions",
            more={"most_depth": DEPTH},
        )
    wires = dict(zip([*definition.qubits, *definition.clbits], [*qubits, *bits], strict=True))
    budget.path.append(name)
    out.global_phase += definition.global_phase
    for step in definition.data:
        _put(
            out, step.operation, [wires[bit] for bit in step.qubits], [wires[bit] for bit in step.clbits], budget, times
        )
    budget.path.pop()


def _defined_by_program(gate: Instruction) -> bool:
    return getattr(gate, "base_class", type(gate)).__module__ in DEFINED_BY_PROGRAM
