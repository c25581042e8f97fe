"""One circuit on one device in one precision, at growing sizes, until its time is used up."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.engine.quantum import memory
from backend.engine.quantum.card import read as read_card
from backend.engine.quantum.machine import free_ram
from backend.engine.quantum.process import Child, Died, Outgrew
from backend.engine.quantum.wire import Message

CIRCUITS = ("qft", "qv")
SIZES = (16, 18, 20, 22, 24, 26, 28)
SHOTS = 1024
SEED = 42
RUNS = 3
GROWTH = 5.0  # two more qubits are four times the work, and the state outgrows a cache at some size


@dataclass(frozen=True)
class Row:
    """One circuit at one size on one device.

    `seconds` are the times of the runs after one warm-up; empty if it failed, with the reason in `error`.
    """

    circuit: str
    qubits: int
    device: str
    precision: str
    seconds: tuple[float, ...] = ()
    error: str = ""

    @property
    def median(self) -> float:
        """Return the median in seconds. Needs at least one run."""
        return statistics.median(self.seconds)


class Series:
    """A series: the circuit's name, cpu or gpu, double or single."""

    def __init__(self, child: Child, circuit: str, device: str, precision: str) -> None:
        self.child = child
        self.circuit = circuit
        self.device = device
        self.precision = precision

    async def run(self, sizes: Sequence[int], runs: int, until: float, on_row: Callable[[Row], None]) -> list[Row]:
        """Return the rows of the sizes that fit in memory and in the time until `until` (monotonic clock).

        The time is estimated from the previous size. The first size is always measured. A size that fails ends the
        series with a row that has the reason.
        """
        rows: list[Row] = []
        for qubits in sizes:
            guess = GROWTH * rows[-1].median * (runs + 1) if rows else 0.0
            if not self._fits(qubits) or (rows and time.monotonic() + guess > until):
                break
            rows.append(await self._row(qubits, runs))
            on_row(rows[-1])
            if rows[-1].error:
                break
        return rows

    async def _row(self, qubits: int, runs: int) -> Row:
        try:
            await self.child.start()
            seconds = [await self._once(qubits) for _ in range(runs + 1)][1:]
        except (Died, Outgrew, ValueError) as error:
            return Row(self.circuit, qubits, self.device, self.precision, (), str(error))
        return Row(self.circuit, qubits, self.device, self.precision, tuple(seconds))

    async def _once(self, qubits: int) -> float:
        how: Message = {
            "circuit": self.circuit,
            "qubits": qubits,
            "device": self.device,
            "precision": self.precision,
            "shots": SHOTS,
            "seed": SEED,
        }
        answer = await _ask(self.child, {"act": "time", **how})
        if answer["device"] != self.device:
            raise ValueError(f"it ran on {answer['device']} instead of {self.device}")
        return float(str(answer["seconds"]))

    def _fits(self, qubits: int) -> bool:
        circuit = memory.Circuit(qubits, qubits, 50 * qubits, SHOTS, self.precision, "statevector")
        free = free_ram() if self.device == "cpu" else read_card().free or 0
        return memory.needed(circuit, self.device) <= free


async def amplitudes(child: Child, qubits: int, device: str, precision: str) -> list[complex]:
    """Return the final state of the QFT circuit."""
    answer = await _ask(
        child,
        {
            "act": "amplitudes",
            "circuit": "qft",
            "qubits": qubits,
            "device": device,
            "precision": precision,
            "seed": SEED,
        },
    )
    rows = answer["rows"]
    assert isinstance(rows, list)
    return [complex(*row) for row in rows]


async def _ask(child: Child, message: Message) -> Message:
    """Return the child's answer. Raises ValueError with its message if it failed."""
    answer = await child.ask(message)
    if problem := answer.get("problem") or answer.get("failed"):
        raise ValueError(str(problem["detail"] if isinstance(problem, dict) else problem))
    return answer
