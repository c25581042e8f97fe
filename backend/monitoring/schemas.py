"""What GET /system and the telemetry tell. Memory in bytes, shares in percent, times in seconds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from backend.monitoring.readiness import Answer


class Host(BaseModel):
    """The machine, as Linux tells it; `cpu_percent` is since the sample before."""

    cpu_percent: float
    cores: int
    load: tuple[float, float, float]
    memory_total: int
    memory_available: int
    swap_used: int
    uptime_s: float


class Worker(BaseModel):
    """The process that answered."""

    port: int
    worker: str
    pid: int
    rss: int
    uptime_s: float


class System(BaseModel):
    """Everything at one moment; `at` is unix time.

    `gpu` is the card as the engine's NVML row tells it, or as this process can see it; null when none is seen. `engine` is what the engine
    said last of itself, {} while it has not answered yet. `services` are the deep check's answers.
    """

    at: float
    status: str
    host: Host
    worker: Worker
    gpu: dict[str, Any] | None
    engine: dict[str, Any]
    services: dict[str, Answer]


class SystemReport(System):
    """The same with the versions of what runs."""

    versions: dict[str, str]
