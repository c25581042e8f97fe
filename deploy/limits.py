"""How much memory each service may take, and who dies first: sized for a host with 8 GB (measured start values).

`high` is where the kernel starts to reclaim, `limit` where it kills; `oom` is OOMScoreAdjust. Redis may use `maxmemory` for data;
the rest of its limit is for the copy-on-write pages of a background save. Qdrant's `high` counts page cache as well, so it is
reclaimed there, and the limit is a fence against a leak, not a size for the data.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One service's share."""

    high: str
    limit: str
    oom: int


LIMITS = {
    "postgres": Limit("1200M", "1536M", -900),
    "redis": Limit("640M", "768M", -500),
    "qdrant": Limit("1G", "2560M", -300),
    "engine": Limit("2G", "2560M", 500),
    "backend": Limit("400M", "500M", 200),
    "frontend": Limit("150M", "200M", 100),
}
REDIS_MAXMEMORY = "384mb"
