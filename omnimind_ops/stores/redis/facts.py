"""Facts of a server: version, persistence, size, role; and whether it can be moved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_dict, as_list, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.versions import rdb_version_written

SETTINGS = (
    "save",
    "repl-diskless-sync",
    "shutdown-on-sigterm",
    "dir",
    "databases",
    "appendfsync",
    "notify-keyspace-events",
)
BUILT_IN_MODULES = {"lua", "vectorset"}  # listed as modules by Valkey 9 and Redis 8, but part of the server


@dataclass(frozen=True)
class ServerFacts:
    """A running server. Sizes are in bytes. A setting is None when the server does not allow reading its
    configuration.
    """

    kind: str  # redis or valkey
    version: str  # as the server reports it: "7.0.15", "9.1.2"
    rdb_version: int  # that it writes to disk; 0 when unknown
    used_memory: int
    max_memory: int  # 0 for no limit
    eviction: str  # maxmemory-policy: what happens at the limit
    database_limit: int | None  # the setting `databases`
    aof: bool
    save_points: str | None  # "3600 1 300 100"; "" means no automatic saves
    diskless_sync: bool | None  # False: a sync first writes a dump file to the server's data folder
    saves_on_stop: bool | None  # by its settings: does SIGTERM write an RDB?
    directory: str | None  # its data folder, as the server sees it
    cluster: bool
    role: str  # master or slave
    loading: bool
    modules: tuple[str, ...] = ()
    keys: Mapping[int, int] = field(default_factory=dict)  # by database, expired keys included until removed
    field_ttls: bool | None = (
        None  # whether hash fields have a time to live; None: possible, but the server does not report it
    )
    append_fsync: str | None = None  # always, everysec, no
    keyspace_events: str | None = None  # notify-keyspace-events: "" for none

    @property
    def databases(self) -> int:
        """Return the number of databases that a server needs for these keys (the `databases` setting, 16 by
        default).
        """
        return max(self.keys, default=0) + 1

    @property
    def total_keys(self) -> int:
        """Return the number of keys in all databases."""
        return sum(self.keys.values())


def server_facts(endpoint: RedisEndpoint) -> ServerFacts:
    """Return the facts of a server; read-only."""
    with connect(endpoint) as connection:
        return read_facts(connection)


def read_facts(connection: Connection) -> ServerFacts:
    """Return the facts of a server over an open connection."""
    info = _read_info(connection)
    config = _read_config(connection)
    kind = "valkey" if info.get("server_name") == "valkey" or "valkey_version" in info else "redis"
    version = info.get(f"{kind}_version", "")
    aof = info.get("aof_enabled") == "1"
    save = config.get("save")
    return ServerFacts(
        kind=kind,
        version=version,
        rdb_version=rdb_version_written(kind, version),
        used_memory=int(info.get("used_memory", 0)),
        max_memory=int(info.get("maxmemory", 0)),
        eviction=info.get("maxmemory_policy", ""),
        database_limit=int(config["databases"]) if "databases" in config else None,
        aof=aof,
        append_fsync=config.get("appendfsync"),
        keyspace_events=config.get("notify-keyspace-events"),
        save_points=save,
        diskless_sync={"yes": True, "no": False}.get(config.get("repl-diskless-sync", "")),
        saves_on_stop=_saves_on_stop(save, config.get("shutdown-on-sigterm", "default")),
        directory=config.get("dir"),
        cluster=info.get("cluster_enabled") == "1" or info.get("redis_mode") == "cluster",
        role=info.get("role", "master"),
        loading=info.get("loading") == "1",
        modules=tuple(sorted(_read_modules(connection) - BUILT_IN_MODULES)),
        keys=_count_keys(info),
        field_ttls=_has_field_ttls(connection, info),
    )


def loses_data_on_stop(facts: ServerFacts) -> bool:
    """Return whether stopping the server loses its data: AOF is off and a stop does not save. Unknown settings count as
    a loss.

    If so, ask the source for a SAVE before `docker stop`, so that a rollback also finds the data.
    """
    return not facts.aof and not facts.saves_on_stop


def check_movable(facts: ServerFacts, tell: Tell, step: str = "") -> None:
    """Raise Problem when the server cannot be moved (a cluster node); warn about a replica and about modules."""
    if facts.cluster:
        raise Problem(
            "cannot move this Redis",
            "it is a node of a Redis cluster, which contains only part of the data",
            "move its data to one standalone server first, or start with an empty Redis (--redis empty)",
        )
    if facts.role != "master":
        tell(
            warning(
                "this Redis is a replica: data that its master receives during the copy may be missing; migrate the "
                "master instead",
                step,
            )
        )
    if facts.modules:
        tell(
            warning(
                f"this Redis has modules loaded ({', '.join(facts.modules)}): keys of their types cannot be moved", step
            )
        )


def wait_until_ready(endpoint: RedisEndpoint, timeout: float = 300) -> float:
    """Wait until the server answers PING, also during start and LOADING; return the seconds waited.

    A wrong password is a Problem at once.
    """
    from redis.exceptions import AuthenticationError

    start = time.monotonic()
    while True:
        try:
            with connect(endpoint, timeout=5) as connection:
                connection.call("PING")
                return time.monotonic() - start
        except Problem as problem:
            if isinstance(problem.__cause__, AuthenticationError):
                raise
            if time.monotonic() - start > timeout:
                raise Problem(
                    f"cannot use Redis at {endpoint}",
                    f"not ready after {timeout:g} s: {problem.why}",
                    "read its log (journalctl -u redis-server), fix the cause and run the same command again",
                ) from problem
        time.sleep(0.05)


def _read_info(connection: Connection) -> dict[str, str]:
    lines = as_bytes(connection.call("INFO")).decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def _read_config(connection: Connection) -> dict[str, str]:
    """Return only the needed settings: others contain passwords. Empty when CONFIG is renamed or forbidden."""
    settings: dict[str, str] = {}
    for name in SETTINGS:
        reply = connection.try_call("CONFIG", "GET", name, forbidden=True)
        settings.update({k: as_bytes(v).decode(errors="replace") for k, v in as_dict(reply or []).items()})
    return settings


def _saves_on_stop(save_points: str | None, on_sigterm: str) -> bool | None:
    if "nosave" in on_sigterm.split():
        return False
    if "save" in on_sigterm.split():
        return True
    return None if save_points is None else bool(save_points)


def _read_modules(connection: Connection) -> set[str]:
    reply = connection.try_call("MODULE", "LIST")
    return {as_bytes(as_dict(module)["name"]).decode(errors="replace") for module in as_list(reply)}


def _count_keys(info: Mapping[str, str]) -> dict[int, int]:
    return {
        int(name[2:]): int(dict(part.split("=", 1) for part in value.split(","))["keys"])
        for name, value in info.items()
        if name.startswith("db") and name[2:].isdigit()
    }


def _has_field_ttls(connection: Connection, info: Mapping[str, str]) -> bool | None:
    """Return whether hashes have expiring fields; None when INFO does not report it.

    INFO counts these hashes as `subexpiry` (Redis 7.4) or `keys_with_volatile_items` (Valkey 9).
    """
    if not connection.supports("HPEXPIRETIME"):
        return False
    spaces = [value for name, value in info.items() if name.startswith("db") and name[2:].isdigit()]
    counts = [
        part.split("=")[1]
        for value in spaces
        for part in value.split(",")
        if part.split("=")[0] in ("subexpiry", "keys_with_volatile_items")
    ]
    if len(counts) < len(spaces):
        return None
    return any(count != "0" for count in counts)
