"""What a backup holds, in words for the plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.stores.redis.backup import RedisBackup
from omnimind_ops.stores.redis.dump import Dump
from omnimind_ops.stores.redis.rdb_content import RdbContent
from omnimind_ops.tools import age

COVERED = "its CRC-64 matches"
NOT_COVERED = "it has no checksum (rdbchecksum no): a bit that flipped since it was made cannot be detected"
AOF_NOT_COVERED = (
    "append-only files have no checksum: a bit that flipped since they were made, or commands that are missing at the "
    "end, cannot be detected"
)


def coverage(backup: RedisBackup) -> str:
    """Return what detects a changed bit in the backup."""
    if backup.append_only is None:
        return COVERED if backup.covered else NOT_COVERED
    base = backup.append_only.base
    return AOF_NOT_COVERED + (f" (the dump at their start: {COVERED})" if base and base.covered else "")


def description(backup: RedisBackup, now: float) -> str:
    """Return what the backup holds and how old it is: "RDB 10 of Redis 7.0.15; 2 keys (db 0: 2); written …"."""
    log = backup.append_only
    parts = [_dump(backup.first_dump)] if backup.first_dump else []
    written = float(backup.first_dump.written) if backup.first_dump else 0.0
    if log:
        parts.append(f"{log.commands.count} commands in {len(log.files)} files ({log.name})")
        written = float(log.commands.written) or max(written, log.changed)
    parts.append(age.written(written, now))
    return "; ".join(parts)


def counts(keys: Mapping[int, int]) -> str:
    """Return numbers of keys: "1501 keys (db 0: 1500, db 3: 1)"."""
    each = ", ".join(f"db {db}: {count}" for db, count in sorted(keys.items()))
    return f"{sum(keys.values())} keys" + (f" ({each})" if each else "")


def _dump(dump: Dump) -> str:
    return f"{dump.facts}, " + (_content(dump.content) if dump.content else "keys not counted: types of a newer server")


def _content(content: RdbContent) -> str:
    parts = [counts(content.keys)]
    if content.expiries:
        parts.append(f"{len(content.expiries)} with a time to live")
    if content.functions:
        parts.append(f"{content.functions} function libraries")
    return ", ".join(parts)
