"""Which device the engine works on, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """`name` is cpu or cuda; `reason` says in words why it is that one."""

    name: str
    reason: str


def settle(lock: str) -> Device:
    """Return the device for the requirements (cpu, cu12, cu13) that were installed."""
    if lock == "cpu":
        return Device("cpu", "the requirements for the CPU are installed")
    return Device("cpu", f"the requirements for {lock} are installed, but this engine does no work on a GPU yet")
