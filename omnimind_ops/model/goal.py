"""Goal: the desired state of the host, read by roles, templates and planning.

It contains no secrets: those stay in files under secrets/. The journal keeps it as JSON, so no key may be renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from omnimind_ops.model import codec
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System

REDIS_MEMORY = 384 * 1024 * 1024
SAVE_POINTS = "3600 1 300 100 60 10000"
"""When Redis saves by itself: after so many seconds if at least so many keys changed."""


@dataclass(frozen=True)
class RedisSettings:
    """Settings of Redis that the old server had: how much it may hold, how it keeps data, what it announces.

    `memory` is in bytes; `policy` says what happens when it is full. The texts are those of redis.conf.
    """

    memory: int = REDIS_MEMORY
    databases: int = 16
    policy: str = "noeviction"
    save: str = SAVE_POINTS
    append_only: bool = False
    append_fsync: str = "everysec"
    keyspace_events: str = ""


PLAIN_REDIS = RedisSettings()


@dataclass(frozen=True)
class Goal(System):
    """A System, and what discovery found for this host. Paths are absolute text."""

    version: str = ""  # of omnimind
    python: str = "/usr/bin/python3"  # interpreter of the venv; readable by every user, never under a home
    lock: str = "cpu"  # cpu, cu12, cu13
    qdrant_binary: str = ""  # staged executable that role qdrant installs
    qdrant_packages: tuple[str, ...] = ()  # distribution packages that the program needs
    qdrant_version: str = ""  # "1.20.0"
    qdrant_settings: tuple[str, ...] = ()  # "storage.wal.wal_capacity_mb=64": carried from the old server
    qdrant_static: str = ""  # staged web UI, "" for none
    qdrant_grpc_port: int = 0  # 0: closed
    redis: RedisSettings = PLAIN_REDIS
    gpu: bool = False
    systemd: int = 252  # version found; units are generated for it


def goal_of(members: JSON, where: str) -> Goal:
    """Return the Goal from the JSON of its asdict(). `where` names the run, for the Problem.

    Keys of another version are ignored, missing ones have their default: a journal outlives the version that wrote it.
    """
    if not isinstance(members, Mapping):
        raise Problem("cannot read the run", f"{where} has no goal in the journal", "migrate again")
    strange = unknown_keys(members)
    return codec.read(Goal, {key: value for key, value in members.items() if key not in strange}, f"{where}: goal")


def unknown_keys(members: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return the keys that a Goal does not have."""
    return tuple(sorted(members.keys() - {field.name for field in fields(Goal)}))
