"""RDB formats that each server version writes and reads; pure.

Sources: RDB_VERSION in src/rdb.h of each release (5.0 to 8.10), and Valkey's src/rdb.h. Observed on real servers: Redis
7.0.15 writes REDIS0010, Valkey 9.1 writes VALKEY080 to disk (for a replica that does not report its version it writes
REDIS0011 when the data allow).
"""

from __future__ import annotations

import re

REDIS = ((8, 10, 15), (8, 8, 14), (8, 6, 13), (7, 4, 12), (7, 2, 11), (7, 0, 10), (5, 0, 9), (4, 0, 8), (3, 2, 7))
VALKEY = ((9, 1, 80), (9, 0, 80), (7, 2, 11))
REDIS_ONLY_VERSIONS = range(12, 80)  # Valkey refuses these: they belong to Redis after the fork


def plain_version(version: str) -> str:
    """Return "7.0.15" for "7.0.15" and for a package version such as "5:7.0.15-1~deb12u10"."""
    match = re.match(r"(?:\d+:)?([\d.]+)", version)
    return match[1] if match else version


def rdb_version_written(kind: str, version: str) -> int:
    """Return the RDB version that this redis or valkey writes to disk; 0 for a version older or newer than the
    table.
    """
    table = _table(kind)
    return 0 if _numbers(version) > table[0][:2] else newest_rdb_version(kind, version)


def newest_rdb_version(kind: str, version: str) -> int:
    """Return the newest RDB version that it certainly loads; 0 when unknown."""
    return next((rdb for major, minor, rdb in _table(kind) if _numbers(version) >= (major, minor)), 0)


def can_read_rdb(kind: str, version: str, rdb: int) -> bool:
    """Return whether it certainly loads an RDB of this version."""
    return 0 < rdb <= newest_rdb_version(kind, version) and not (kind == "valkey" and rdb in REDIS_ONLY_VERSIONS)


def at_least(version: str, major: int, minor: int) -> bool:
    """Return whether a version is `major`.`minor` or newer."""
    return _numbers(version) >= (major, minor)


def _table(kind: str) -> tuple[tuple[int, int, int], ...]:
    return VALKEY if kind == "valkey" else REDIS


def _numbers(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)(?:\.(\d+))?", plain_version(version))
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
