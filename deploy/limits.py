"""Memory and task limits of the services, and their OOM scores: measured start values for a host with 8 GB.

The kernel reclaims memory above `high` and kills above `limit`; `oom` is OOMScoreAdjust.
- Redis may use `maxmemory` for data; the rest of its limit is for the copy-on-write pages of a background save.
- Qdrant's `high` counts page cache too, which is reclaimed there; its limit guards against a leak and is not a size for
  the data.
- The engine's limits are a share of the host's memory, because a quantum state may be as large as the host allows: 26
  qubits in double precision (1 GiB) beside the model on 8 GB.
- A backend takes 64 MB for each password check (argon2) on top of its own 80 to 120 MB.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """Limits of one service."""

    high: str
    limit: str
    oom: int
    tasks: int = 256


LIMITS = {
    "postgres": Limit("1200M", "1536M", -900),
    "qdrant": Limit("1G", "2560M", -300, tasks=4096),
    "engine": Limit("35%", "45%", 500, tasks=4096),  # a thread per CPU in each of three libraries
    "backend": Limit("400M", "500M", 200),
    "frontend": Limit("150M", "200M", 100),
    "guard": Limit("200M", "300M", -200),
}


def limits(redis_memory: int) -> dict[str, Limit]:
    """Return the limits of all services on a host whose Redis may hold `redis_memory` bytes of data."""
    return LIMITS | {"redis": Limit(_mib(redis_memory * 5 / 3), _mib(redis_memory * 2), -500)}


def _mib(count: float) -> str:
    return f"{round(count / 1024 / 1024)}M"
