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
    found = set()
    for step in circuit.data:
        found.add(step.operation.name)
        for block in getattr(step.operation, "blocks", ()):
            found |= names(block)
    return found


def succeeded(result: Any) -> Any:
    """Return a successful result; otherwise raise 422 with Aer's message."""
    if result.success:
        return result
    said = [str(part.status) for part in result.results or [] if not part.success] or [str(result.status)]
    raise ApiProblem(
        422,
        "the circuit cannot be simulated",
        "; ".join(said).strip(),
        fix="change the circuit, or choose another method or device",
    )


def counts(result: Any, *, whole_key: bool) -> tuple[dict[str, int], dict[str, int] | None]:
    """Return {"0101": n} in Qiskit's order (last bit first, registers separated by a space), and what was left out.

    At most the 65 536 most frequent outcomes are returned, fewer if they are long: a million different ones would be 40
    MB of text. With `whole_key` False, only the register added by measure_all is kept, not the empty ones that the
    program declares.
    """
    part = result.results[0]
    raw: dict[str, int] = part.data.counts
    width = max(1, int(part.header["memory_slots"]))
    most = min(OUTCOMES, max(1, ANSWER_BYTES // width))
    kept = raw if len(raw) <= most else dict(heapq.nlargest(most, raw.items(), key=lambda item: item[1]))
    told = postprocess.format_counts(kept, part.header)
    if not whole_key:
        told = {key.split(" ", 1)[0]: count for key, count in told.items()}
    left = len(raw) - len(kept)
    return told, {"outcomes": left, "shots": sum(raw.values()) - sum(kept.values())} if left else None
