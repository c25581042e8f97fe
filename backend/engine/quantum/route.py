"""Choice between CPU and GPU as pure functions of the request, the measurement and the self-test, with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from backend.engine.quantum.crossover import Crossover
from backend.http.errors import ApiProblem

GPU_METHODS = ("statevector",)


@dataclass(frozen=True)
class Proof:
    """Result of the GPU self-test with three qubits; `at` is its time on the monotonic clock.

    AerSimulator().available_devices() proves nothing.
    """

    ok: bool
    detail: str
    seconds: float
    at: float


@dataclass(frozen=True)
class Route:
    """`device` is cpu or gpu. `unproven` means that the GPU was chosen without a self-test: run one and route again."""

    device: str
    why: str
    unproven: bool = False


@dataclass(frozen=True)
class Gpu:
    """The known state of the GPU: `blocked` is the reason if it cannot be used, otherwise ""; `card` is its name."""

    blocked: str = ""
    card: str = ""
    proof: Proof | None = None


def route(device: str, *, method: str, precision: str, qubits: int, gpu: Gpu, crossover: Crossover | str) -> Route:
    """Return where to run. Raises 422 or 503 if the request demands the GPU and it is not available."""
    if device == "cpu":
        return Route("cpu", "the request chose the CPU")
    if device == "auto" and method not in GPU_METHODS:
        return Route("cpu", f"method {method} runs on the CPU only")
    if device == "gpu":
        return _by_name(method, gpu)
    if gpu.blocked:
        return Route("cpu", gpu.blocked)
    chosen = _measured(precision, qubits, gpu, crossover)
    if chosen.device == "cpu" or gpu.proof is None:
        return chosen
    return Route("gpu", chosen.why) if gpu.proof.ok else Route("cpu", f"the GPU failed its proof: {gpu.proof.detail}")


def _by_name(method: str, gpu: Gpu) -> Route:
    if method not in GPU_METHODS:
        raise ApiProblem(
            422,
            "the circuit cannot run on the GPU",
            f"method {method} runs on the CPU only",
            fix="use method statevector, or device cpu",
        )
    if gpu.blocked:
        raise ApiProblem(422, "no GPU is available for the circuit", gpu.blocked, fix="use device cpu or auto")
    if gpu.proof is not None and not gpu.proof.ok:
        raise ApiProblem(
            503,
            "the GPU does not work",
            f"a run of 3 qubits on it failed: {gpu.proof.detail}",
            fix="use device cpu or auto; omnimind doctor finds what is wrong with the GPU",
            headers={"Retry-After": "60"},
        )
    return Route("gpu", "the request chose the GPU", unproven=gpu.proof is None)


def _measured(precision: str, qubits: int, gpu: Gpu, crossover: Crossover | str) -> Route:
    """Return the route by the benchmark's measurement, with the GPU unproven."""
    if isinstance(crossover, str):
        return Route("cpu", crossover)
    if crossover.card != gpu.card:
        return Route(
            "cpu", f"measured on {crossover.card}, the card here is {gpu.card or 'unknown'}: run omnimind bench quantum"
        )
    threshold = crossover.precision.get(precision)
    if threshold is None:
        return Route(
            "cpu", f"the GPU was never faster in {precision} precision when measured on {crossover.measured_at}"
        )
    if qubits < threshold:
        return Route("cpu", f"{qubits} qubits: the GPU is faster from {threshold} on in {precision} precision")
    return Route(
        "gpu", f"{qubits} qubits: the GPU is faster from {threshold} on in {precision} precision", unproven=True
    )
