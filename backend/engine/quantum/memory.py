"""Memory that a simulation needs, and the check whether it is free. Pure functions, in bytes."""

from __future__ import annotations

from dataclasses import dataclass

from backend.http.errors import ApiProblem

MIB = 1 << 20
AMPLITUDE = {"double": 16, "single": 8}  # bytes of one complex number
CEILING = 1 << 62  # JSON readers stop at 64 bits, and no machine has that much memory
HOST = 48 * MIB  # Aer's memory beside the state; 2 MB measured at 24 qubits, the rest is for its threads
HOST_FACTOR = 1.05
CARD = 400 * MIB  # a CUDA context and its libraries; 287 MB published for LAZY loading
CARD_FACTOR = 1.1
CARD_RESERVE = 128 * MIB  # left to the embedding model for its next larger batch
GATE = 2048  # a gate in Qiskit and in Aer; 1.5 kB measured
OUTCOME = 450  # a distinct outcome of a shot, in Aer and in Python; 425 measured at 20 qubits


@dataclass(frozen=True)
class Circuit:
    """The facts that decide the memory: `qubits` in use, `bits` of an outcome, `gates`, and the request's options."""

    qubits: int
    bits: int
    gates: int
    shots: int
    precision: str
    method: str


def needed(circuit: Circuit, device: str) -> int:
    """Return the bytes that the circuit needs on `device` (cpu: RAM, gpu: VRAM), at most CEILING.

    A statevector has 2^n amplitudes; a stabilizer tableau grows with n². A matrix product state grows with
    entanglement, which is unknown before the run: only its initial size is counted, and the run is ended when it
    outgrows the free memory.
    """
    if device == "gpu":
        return min(int(_state(circuit) * CARD_FACTOR) + CARD, CEILING)
    return min(int(_state(circuit) * HOST_FACTOR) + beside(circuit), CEILING)


def beside(circuit: Circuit) -> int:
    """Return the bytes of RAM that the run needs beside its state, on any device: gates, outcomes, Aer itself."""
    outcomes = min(circuit.shots, 1 << min(circuit.bits, 40))
    return HOST + circuit.gates * GATE + outcomes * (OUTCOME + 2 * circuit.bits)


def _state(circuit: Circuit) -> int:
    match circuit.method:
        case "statevector":
            return AMPLITUDE[circuit.precision] << min(circuit.qubits, 60)
        case "stabilizer":
            return 4 * circuit.qubits * circuit.qubits
        case _:
            return 64 * 1024 * circuit.qubits


def most_qubits(free: int, precision: str, device: str, reserved: int = 0) -> int:
    """Return the maximum qubits of a statevector in `free` bytes; `other` bytes are reserved (beside() on the CPU)."""
    fixed, factor = (CARD, CARD_FACTOR) if device == "gpu" else (reserved, HOST_FACTOR)
    qubits = 0
    while int((AMPLITUDE[precision] << (qubits + 1)) * factor) + fixed <= free:
        qubits += 1
    return qubits


def admit(circuit: Circuit, device: str, free: int) -> int:
    """Return the bytes needed if they are free. Otherwise raise 422 with the numbers and what would fit."""
    need = needed(circuit, device)
    if need <= free:
        return need
    where = "VRAM of the card" if device == "gpu" else "memory"
    more: dict[str, object] = {
        "needed_bytes": need,
        "free_bytes": free,
        "qubits": circuit.qubits,
        "precision": circuit.precision,
        "method": circuit.method,
        "device": device,
    }
    if circuit.method == "statevector":
        more["most_qubits"] = most_qubits(free, circuit.precision, device, beside(circuit))
        more["most_qubits_single"] = most_qubits(free, "single", device, beside(circuit))
    size = f"{circuit.qubits} qubits in {circuit.precision} precision"
    why = f"{size} need {readable(need)} of {where}, {readable(free)} are free"
    raise ApiProblem(422, "the circuit does not fit", why, fix=_fix(circuit, more), more=more)


def _fix(circuit: Circuit, more: dict[str, object]) -> str:
    if circuit.method != "statevector":
        return "use fewer qubits or fewer shots"
    limit, single = more["most_qubits"], more["most_qubits_single"]
    if not single:
        return "use fewer shots, or free memory and try again"
    if circuit.precision == "single":
        return f"use at most {limit} qubits"
    fits = isinstance(single, int) and single >= circuit.qubits
    return (
        f"use precision single or at most {limit} qubits"
        if fits
        else f"use at most {limit} qubits, or at most {single} with precision single"
    )


def readable(count: int) -> str:
    """Return bytes in readable form: 2.0 GiB."""
    if count >= CEILING:
        return "more than any machine has"
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / MIB:.0f} MiB"
