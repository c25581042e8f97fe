"""Bodies of /quantum/run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Circuit(BaseModel):
    """A circuit in OpenQASM 2 or 3 and how to run it. With a seed, the same circuit gives the same counts."""

    model_config = ConfigDict(extra="forbid", strict=True)

    qasm: str = Field(min_length=1, max_length=1_000_000)
    shots: int = Field(default=1024, ge=1, le=1_000_000)
    seed: int | None = Field(default=None, ge=0, le=2**53)
    precision: Literal["single", "double"] = "double"
    method: Literal["automatic", "statevector", "stabilizer", "matrix_product_state"] = "automatic"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    statevector: bool = Field(default=False, description="Return the amplitudes too, each as [real, imaginary].")
    timeout_s: float = Field(default=60, gt=0, le=600, allow_inf_nan=False)


class Seconds(BaseModel):
    """Where the time went."""

    model_config = ConfigDict(extra="allow")

    queue: float
    parse: float
    run: float
    total: float


class LeftOut(BaseModel):
    """What of the outcomes is not told, being too many: how many bit strings, and of how many shots."""

    outcomes: int
    shots: int


class Counts(BaseModel):
    """What came out: how often each bit string, on which device and why there."""

    counts: dict[str, int]
    counts_left_out: LeftOut | None
    shots: int
    seed: int
    qubits: int
    gates: int
    method: str
    device: str
    precision: str
    seconds: Seconds
    memory_bytes: int
    statevector: list[tuple[float, float]] | None
    routed: str
