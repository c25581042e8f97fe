"""The child's work: parse a circuit, run it on Aer, test the GPU, time a benchmark circuit."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import qiskit
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp
from qiskit.circuit.exceptions import CircuitError
from qiskit_aer import AerSimulator

from backend.engine.quantum import circuits, outcomes
from backend.engine.quantum.expand import expand
from backend.engine.quantum.parse import parse
from backend.engine.quantum.source import BITS, QUBITS, too_many
from backend.engine.quantum.wire import Message
from backend.http.errors import ApiProblem

ALWAYS = {"measure", "barrier", "if_else", "for_loop", "while_loop", "break_loop", "continue_loop"}
CLIFFORD = {
    "id",
    "x",
    "y",
    "z",
    "h",
    "s",
    "sdg",
    "sx",
    "sxdg",
    "cx",
    "cy",
    "cz",
    "swap",
    "ecr",
    "pauli",
    "reset",
    "delay",
} | ALWAYS


class Simulator:
    """Keeps the circuit between `parse` and `run`, because the engine decides in between whether it may run."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.circuit: QuantumCircuit | None = None
        logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)  # failures are reported in the answer

    def versions(self) -> dict[str, str]:
        """Return the versions of the loaded packages."""
        return {"qiskit": str(qiskit.__version__), "qiskit-aer": str(qiskit_aer.__version__)}

    def parse(self, message: Message) -> Message:
        """Handle {qasm, method}: return {qubits, bits, active, gates, clifford, measured, flow, version}.

        Raises 422 for an invalid circuit.
        """
        self.circuit = None
        method = str(message["method"])
        parsed, version = parse(str(message["qasm"]))
        for what, count, limit in (("qubits", parsed.num_qubits, QUBITS), ("classical bits", parsed.num_clbits, BITS)):
            if count > limit:
                raise too_many(what, count, limit)
        if not parsed.num_qubits:
            raise ApiProblem(422, "the circuit cannot be simulated", "it has no qubits", fix="declare a register")
        expanded, gates = expand(parsed, basis("statevector" if method == "automatic" else method))
        names = outcomes.names(expanded)
        if measured := "measure" in names:
            self.circuit = expanded
        else:
            self.circuit = expanded.measure_all(inplace=False)
        touched = {qubit for step in self.circuit.data if step.operation.name != "barrier" for qubit in step.qubits}
        flow = any(isinstance(step.operation, ControlFlowOp) for step in expanded.data)
        return {
            "qubits": expanded.num_qubits,
            "bits": expanded.num_clbits if measured else expanded.num_qubits,
            "active": expanded.num_qubits if flow else len(touched),
            "gates": gates,
            "clifford": names <= CLIFFORD,
            "measured": measured,
            "flow": flow,
            "version": version,
        }

    def run(self, message: Message) -> Message:
        """Run the circuit: return {counts, left_out, statevector, seconds, device}.

        The message is {shots, seed, method, precision, device, measured, flow, statevector}.
        """
        circuit, self.circuit = self.circuit, None
        assert circuit is not None
        began = time.perf_counter()
        backend = self._backend(message, truncate=not message["flow"])
        result = outcomes.succeeded(
            backend.run(circuit, shots=message["shots"], seed_simulator=message["seed"]).result()
        )
        counts, left_out = outcomes.counts(result, whole_keys=bool(message["measured"]))
        rows = self._statevector(circuit, backend, message) if message["statevector"] else None
        device = str(result.results[0].metadata.get("device", "")).lower()
        return {
            "counts": counts,
            "left_out": left_out,
            "statevector": rows,
            "device": device,
            "seconds": time.perf_counter() - began,
        }

    def prove(self, _message: Message) -> Message:
        """Run three qubits on the GPU: return {ok, detail, seconds}. Only a run shows that the GPU works."""
        began = time.perf_counter()
        chain = QuantumCircuit(3)
        chain.h(0)
        chain.cx(0, 1)
        chain.cx(1, 2)
        chain.measure_all()
        try:
            result = outcomes.succeeded(
                AerSimulator(method="statevector", device="GPU").run(chain, shots=64, seed_simulator=1).result()
            )
            device = str(result.results[0].metadata.get("device", "unknown"))
            detail = (
                ""
                if device == "GPU" and set(result.get_counts()) <= {"000", "111"}
                else f"it ran on {device} and gave {result.get_counts()}"
            )
        except Exception as error:  # CUDA's message is the answer
            detail = str(error).strip() or type(error).__name__
        return {"ok": not detail, "detail": detail, "seconds": time.perf_counter() - began}

    def time(self, message: Message) -> Message:
        """Time one run: return {seconds, device}, without the time to build the circuit.

        The message is {circuit: qft|qv, qubits, shots, seed, precision, device}.
        """
        circuit = circuits.BUILD[str(message["circuit"])](int(str(message["qubits"])))
        circuit.measure_all()
        backend = self._backend({**message, "method": "statevector"}, truncate=True)
        began = time.perf_counter()
        result = outcomes.succeeded(
            backend.run(circuit, shots=message["shots"], seed_simulator=message["seed"]).result()
        )
        return {
            "seconds": time.perf_counter() - began,
            "device": str(result.results[0].metadata.get("device", "")).lower(),
        }

    def amplitudes(self, message: Message) -> Message:
        """Return {rows}: the final state of a benchmark circuit, for comparing devices.

        The message is {circuit, qubits, precision, device, seed}.
        """
        circuit = circuits.BUILD[str(message["circuit"])](int(str(message["qubits"])))
        return {
            "rows": _amplitudes(circuit, self._backend({**message, "method": "statevector"}, truncate=True), message)
        }

    def _backend(self, message: Mapping[str, object], *, truncate: bool) -> Any:
        """Return Aer with the requested options.

        Truncation must be off with control flow: Aer 0.18 cuts off the end of a loop that ends a program.
        """
        return AerSimulator(
            method=message["method"],
            device=str(message["device"]).upper(),
            precision=message["precision"],
            max_parallel_threads=self.threads,
            enable_truncation=truncate,
        )

    def _statevector(self, circuit: QuantumCircuit, backend: Any, message: Message) -> list[list[float]]:
        """Return the amplitudes before the final measurements as rows of [re, im].

        Bit i of a row's number is qubit i.
        """
        try:
            pure = circuit.remove_final_measurements(inplace=False)
        except CircuitError as error:
            raise ApiProblem(
                422, "the circuit has no single statevector", str(error), fix="omit statevector"
            ) from error
        if outcomes.names(pure) & {"measure", "reset"} or message["flow"]:
            why = "it measures, resets or branches before its end, so the state differs from shot to shot"
            raise ApiProblem(
                422, "the circuit has no single statevector", why, fix="omit statevector, or measure only at the end"
            )
        return _amplitudes(pure, backend, message)


def _amplitudes(circuit: QuantumCircuit, backend: Any, message: Message) -> list[list[float]]:
    circuit.save_statevector()
    state = outcomes.succeeded(backend.run(circuit, shots=1, seed_simulator=message["seed"]).result()).get_statevector()
    return [[float(amplitude.real), float(amplitude.imag)] for amplitude in state.data]


def basis(method: str) -> frozenset[str]:
    """Return the gates that Aer supports with this method."""
    return frozenset(AerSimulator(method=method).configuration().basis_gates) | ALWAYS
