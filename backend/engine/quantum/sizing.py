"""The size of a parsed circuit and its method: each method's limit, and the choice of method `automatic`."""

from __future__ import annotations

from backend.engine.quantum import memory
from backend.engine.quantum.card import Card
from backend.engine.quantum.request import Request
from backend.engine.quantum.wire import Message
from backend.http.errors import ApiProblem

STATEVECTOR_QUBITS = 12
# Qubits from which method automatic runs a Clifford circuit as a stabilizer tableau. Below, a statevector is as fast.
TABLEAU_FROM = 17
MAX_QUBITS = {"statevector": 40, "stabilizer": 5_000, "matrix_product_state": 1_000}


def settle(request: Request, facts: Message) -> memory.Circuit:
    """Return the circuit's size with its final method. Raises 422 for what the method cannot do."""
    active, qubits, bits, gates = (int(str(facts[name])) for name in ("active", "qubits", "bits", "gates"))
    method = request.method
    if method == "automatic":
        method = "stabilizer" if facts["clifford"] and active >= TABLEAU_FROM else "statevector"
    if active > MAX_QUBITS[method]:
        more = {"qubits": active, "most_qubits": MAX_QUBITS[method], "method": method}
        fix = (
            "use fewer qubits"
            if method != "statevector"
            else "use fewer qubits, or method matrix_product_state where little is entangled"
        )
        raise ApiProblem(
            422,
            "the circuit does not fit",
            f"method {method} runs at most {MAX_QUBITS[method]} qubits, the circuit has {active}",
            fix=fix,
            more=more,
        )
    if request.statevector and (qubits > STATEVECTOR_QUBITS or method != "statevector"):
        why = (
            f"a statevector is returned by method statevector for at most {STATEVECTOR_QUBITS} qubits; "
            f"the circuit has {qubits}, its method is {method}"
        )
        raise ApiProblem(
            422,
            "the statevector cannot be returned",
            why,
            fix="omit statevector",
            more={"qubits": qubits, "most_qubits": STATEVECTOR_QUBITS},
        )
    return memory.Circuit(active, bits, gates, request.shots, request.precision, method)


def no_room(circuit: memory.Circuit, card: Card) -> str:
    """Return why the GPU has no room for the circuit, "" if it has or if the free memory is unknown."""
    need = memory.needed(circuit, "gpu")
    if card.free is None or need <= card.free:
        return ""
    return f"the card has {memory.readable(card.free)} free, the circuit needs {memory.readable(need)}"
