"""Choice of the copy method, with the reason for the plan; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from omnimind_ops.stores.redis.facts import ServerFacts
from omnimind_ops.stores.redis.versions import can_read_rdb, newest_rdb_version, plain_version


@dataclass(frozen=True)
class Method:
    """A copy method and the reason for it.

    `rdb`: the target loads the source's own dump.
    `logical`: keys are copied one by one into the target's server program, which writes the dump.
    """

    name: Literal["rdb", "logical"]
    reason: str


def choose_method(source: ServerFacts, target_version: str, target_kind: str = "redis") -> Method:
    """Return the method for a target of this version (a package version is accepted); the reason is a sentence for the
    plan.
    """
    old, new = f"{source.kind} {source.version}", f"{target_kind} {plain_version(target_version)}"
    newest = newest_rdb_version(target_kind, target_version)
    if source.modules:
        return Method(
            "logical",
            f"key by key: {old} has modules ({', '.join(source.modules)}), and {new} refuses a dump with their data",
        )
    if not source.rdb_version:
        return Method("logical", f"key by key: the dump format of {old} is unknown")
    if not can_read_rdb(target_kind, target_version, source.rdb_version):
        return Method(
            "logical",
            f"key by key: {old} writes RDB {source.rdb_version}, but {new} reads only up to RDB {newest}",
        )
    return Method("rdb", f"one exact dump: {old} writes RDB {source.rdb_version}, {new} reads up to RDB {newest}")
