"""CPU or GPU: pure. What was asked, what was measured, what was proven go in; a device and the reason come out."""

from __future__ import annotations

from dataclasses import dataclass

from backend.engine.quantum.crossover import Crossover
from backend.http.errors import ApiProblem

GPU_METHODS = ("statevector",)


@dataclass(frozen=True)
class Proof:
    """What a run of three qubits on the GPU showed; `at` is when, on the monotonic clock.

    AerSimulator().available_devices() proves nothing.
    """

    ok: bool
    detail: str
    seconds: float
    at: float


@dataclass(frozen=True)
class Route:
    """`device` is cpu or gpu; `unproven`: the GPU was chosen but no proof is at hand, so prove it and ask again."""

    device: str
    why: str
    unproven: bool = False


@dataclass(frozen=True)
class Gpu:
    """What is known of the GPU: `blocked` says why it is out of the question ("" when it is not), `card` its name."""

    blocked: str = ""
    card: str = ""
    proof: Proof | None = None


def route(asked: str, *, method: str, precision: str, qubits: int, gpu: Gpu, crossover: Crossover | str) -> Route:
    """Return where to run; raises a 422 or 503 where the GPU was asked for by name and cannot be had."""
    if asked == "cpu":
        return Route("cpu", "the CPU was asked for")
    if asked == "auto" and method not in GPU_METHODS:
        return Route("cpu", f"method {method} runs on the CPU only")
    if asked == "gpu":
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
        raise ApiProblem(422, "no GPU to run the circuit on", gpu.blocked, fix="use device cpu or auto")
    if gpu.proof is not None and not gpu.proof.ok:
        raise ApiProblem(
            503,
            "the GPU does not work",
            f"a run of 3 qubits on it failed: {gpu.proof.detail}",
            fix="use device cpu or auto; omnimind doctor finds what is wrong with the GPU",
            headers={"Retry-After": "60"},
        )
    return Route("gpu", "the GPU was asked for", unproven=gpu.proof is None)


def _measured(precision: str, qubits: int, gpu: Gpu, crossover: Crossover | str) -> Route:
    """Return what the bench's measurement says, the GPU unproven."""
    if isinstance(crossover, str):
        return Route("cpu", crossover)
    if crossover.card != gpu.card:
        return Route(
            "cpu", f"measured on {crossover.card}, the card here is {gpu.card or 'unknown'}: run omnimind bench quantum"
        )
    least = crossover.precision.get(precision)
    if least is None:
        return Route(
            "cpu", f"the GPU was never faster in {precision} precision when measured on {crossover.measured_at}"
        )
    if qubits < least:
        return Route("cpu", f"{qubits} qubits: the GPU is faster from {least} on in {precision} precision")
    return Route("gpu", f"{qubits} qubits: the GPU is faster from {least} on in {precision} precision", unproven=True)
