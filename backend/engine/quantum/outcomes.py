"""Aer's results: success, and the count of each outcome."""

from __future__ import annotations

import heapq
from typing import Any

from qiskit import QuantumCircuit
from qiskit.result import postprocess

from backend.http.errors import ApiProblem

ANSWER_BYTES = 4 << 20  # size of all keys together; the engine's event loop reads the answer in one go
OUTCOMES = 65_536


def names(circuit: QuantumCircuit) -> set[str]:
    """Return the names of all gates, including those inside loops and branches."""
    gate_names = set()
    for step in circuit.data:
        gate_names.add(step.operation.name)
        for block in getattr(step.operation, "blocks", ()):
            gate_names |= names(block)
    return gate_names


def succeeded(result: Any) -> Any:
    """Return a successful result; otherwise raise 422 with Aer's message."""
    if result.success:
        return result
    messages = [str(part.status) for part in result.results or [] if not part.success] or [str(result.status)]
    raise ApiProblem(
        422,
        "the circuit cannot be simulated",
        "; ".join(messages).strip(),
        fix="change the circuit, or choose another method or device",
    )


def counts(result: Any, *, whole_keys: bool) -> tuple[dict[str, int], dict[str, int] | None]:
    """Return {"0101": n} in Qiskit's order (last bit first, registers separated by a space), and what was left out.

    At most the 65 536 most frequent outcomes are returned, fewer if they are long: a million different ones would be 40
    MB of text. With `whole_keys` False, only the register added by measure_all is kept, not the empty ones that the
    program declares.
    """
    part = result.results[0]
    raw: dict[str, int] = part.data.counts
    width = max(1, int(part.header["memory_slots"]))
    limit = min(OUTCOMES, max(1, ANSWER_BYTES // width))
    frequent = raw if len(raw) <= limit else dict(heapq.nlargest(limit, raw.items(), key=lambda item: item[1]))
    formatted = postprocess.format_counts(frequent, part.header)
    if not whole_keys:
        formatted = {key.split(" ", 1)[0]: count for key, count in formatted.items()}
    left = len(raw) - len(frequent)
    return formatted, {"outcomes": left, "shots": sum(raw.values()) - sum(frequent.values())} if left else None
