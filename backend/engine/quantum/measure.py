"""The quantum benchmark: times on CPU and GPU by number of qubits, and the size from which the GPU is faster.

`omnimind bench quantum` runs `measure`; crossover.save stores its result for the router. Times are taken inside a
separate child, so they include neither parsing nor the pipe.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from backend.engine.quantum.card import read as read_card
from backend.engine.quantum.crossover import Crossover
from backend.engine.quantum.installed import installed
from backend.engine.quantum.launch import share_of_cores
from backend.engine.quantum.memory import AMPLITUDE
from backend.engine.quantum.process import Child
from backend.engine.quantum.prover import Prover
from backend.engine.quantum.series import CIRCUITS, RUNS, SIZES, Row, Series, amplitudes

AGREE_QUBITS = 12
AGREE = {"double": 1e-9, "single": 1e-4}
"""Largest difference of any amplitude between CPU and GPU that rounding explains, by precision."""


@dataclass(frozen=True)
class Measured:
    """All rows, and the `crossover` for the router, or None with the reason in `why_not`.

    `differ` is the largest difference of an amplitude between CPU and GPU, by precision.
    """

    rows: tuple[Row, ...]
    crossover: Crossover | None
    why_not: str = ""
    differ: dict[str, float] = field(default_factory=dict)


async def measure(
    *,
    sizes: Sequence[int] = SIZES,
    budget_s: float = 60.0,
    runs: int = RUNS,
    threads: int = 0,
    on_row: Callable[[Row], None] = lambda _row: None,
) -> Measured:
    """Return the measurements of about `budget_s` seconds; `on_row` receives each row at once.

    Without a working GPU, returns the CPU's rows and the reason. Each series (circuit, device, precision) gets an equal
    share of the remaining time. Raises process.Died if no child can be started.
    """
    child = Child(threads or share_of_cores())
    prover = Prover(child, read_card, installed())
    rows: list[Row] = []
    try:
        await child.start()
        why_not, differ = await _gpu(prover)
        plan = [
            (name, device, precision)
            for precision in AMPLITUDE
            for device in (("cpu",) if why_not else ("cpu", "gpu"))
            for name in CIRCUITS
        ]
        ends = time.monotonic() + budget_s
        for left, case in zip(range(len(plan), 0, -1), plan, strict=True):
            now = time.monotonic()
            rows += await Series(child, *case).run(sizes, runs, now + (ends - now) / left, on_row)
        card = prover.state()[1].name
    finally:
        await child.close()
    if why_not:
        return Measured(tuple(rows), None, why_not, differ)
    measured = Crossover(
        card,
        {precision: crossover(rows, precision) for precision in AMPLITUDE},
        datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    return Measured(tuple(rows), measured, "", differ)


def crossover(rows: Sequence[Row], precision: str) -> int | None:
    """Return the number of qubits from which the GPU's median is always lower than the CPU's; None if it never is.

    Only sizes measured on both devices count.
    """
    medians = {
        (row.circuit, row.qubits, row.device): row.median for row in rows if row.precision == precision and row.seconds
    }
    won: int | None = None
    for qubits in sorted({qubits for _, qubits, _ in medians}, reverse=True):
        keys = [
            (name, qubits) for name in CIRCUITS if (name, qubits, "gpu") in medians and (name, qubits, "cpu") in medians
        ]
        if any(medians[*key, "gpu"] >= medians[*key, "cpu"] for key in keys):
            break
        won = qubits if keys else won
    return won


async def _gpu(prover: Prover) -> tuple[str, dict[str, float]]:
    """Return why the GPU's times would be meaningless ("" if it works), and its amplitudes' differences to the CPU."""
    gpu, _ = prover.state()
    proof = None if gpu.blocked else await prover.prove()
    await prover.child.start()  # the self-test may have killed it
    if proof is None or not proof.ok:
        return gpu.blocked if proof is None else f"the GPU failed its proof: {proof.detail}", {}
    differ = {}
    for precision in AGREE:
        on_cpu, on_gpu = [await amplitudes(prover.child, AGREE_QUBITS, device, precision) for device in ("cpu", "gpu")]
        differ[precision] = max(
            abs(cpu_amplitude - gpu_amplitude) for cpu_amplitude, gpu_amplitude in zip(on_cpu, on_gpu, strict=True)
        )
    wrong = [
        f"{differ[precision]:.1e} in {precision} precision"
        for precision in AGREE
        if differ[precision] > AGREE[precision]
    ]
    return (
        f"GPU and CPU give different results: amplitudes differ by {', '.join(wrong)}" if wrong else "",
        differ,
    )
