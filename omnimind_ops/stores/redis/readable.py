"""What keeps a running Redis from being moved, asked before anything stops."""

from __future__ import annotations

from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_list, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import ServerFacts, read_facts

COMMANDS = {"scan": ("0",), "type": ("key",), "select": ("0",)}
"""Without one of these nothing can be read; with arguments that are valid."""
SAVE_SECONDS = 60
"""How long a SAVE may take: nothing is answered meanwhile."""
SAVE_BYTES = 30_000_000
"""Bytes of memory that a server saves per second, on a slow disk."""


def sync_refused(endpoint: RedisEndpoint) -> str:
    """Return why the server gives no dump to a replica; "" if it does."""
    with connect(endpoint) as connection:
        missing, denied = _missing(connection, ("sync",)), _denied(connection, endpoint, {"sync": ()})
    if missing:
        return "its command SYNC is renamed or disabled"
    return "its user may not run SYNC" if denied else ""


def obstacles(endpoint: RedisEndpoint, *, save_first: bool) -> tuple[tuple[str, str], ...]:
    """Return what would fail after the writers have stopped, each with its fix."""
    with connect(endpoint) as connection:
        facts = read_facts(connection)
        missing = _missing(connection, tuple(COMMANDS))
        denied = _denied(connection, endpoint, {name: COMMANDS[name] for name in COMMANDS if name not in missing})
        results = [
            (f"the command {name.upper()} is renamed or disabled", "remove its rename-command, and restart Redis")
            for name in missing
        ]
        results += [
            (f"its user may not run {name.upper()}", f"allow it: redis-cli ACL SETUSER {_user(endpoint)} +{name}")
            for name in denied
        ]
        return (*results, *_replica(connection, facts), *_slow_save(facts, save_first=save_first))


def _missing(connection: Connection, names: tuple[str, ...]) -> list[str]:
    """Return the commands that the server does not know under their name; none if it does not say."""
    infos = as_list(connection.try_call("COMMAND", "INFO", *names, forbidden=True))
    return [name for name, info in zip(names, infos, strict=True) if not info] if infos else []


def _denied(connection: Connection, endpoint: RedisEndpoint, commands: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the commands that this user may not run; none before 7.0, or if the user may not ask."""
    refused = []
    for name, arguments in commands.items():
        if name in _missing(connection, (name,)):
            continue
        reply = connection.try_call("ACL", "DRYRUN", _user(endpoint), name, *arguments, forbidden=True)
        if reply is not None and as_bytes(reply) != b"OK":
            refused.append(name)
    return refused


def _user(endpoint: RedisEndpoint) -> str:
    return endpoint.username or "default"


def _replica(connection: Connection, facts: ServerFacts) -> list[tuple[str, str]]:
    if facts.role == "master":
        return []
    lines = as_bytes(connection.call("INFO", "replication")).decode(errors="replace").splitlines()
    state = dict(line.split(":", 1) for line in lines if ":" in line)
    if state.get("master_link_status") == "up":
        return []
    master = state.get("master_host", "unknown")
    return [
        (
            f"it is a replica whose link to its master ({master}) is down: it gives no dump",
            "start the master, or let this one go on alone: redis-cli REPLICAOF NO ONE",
        )
    ]


def _slow_save(facts: ServerFacts, *, save_first: bool) -> list[tuple[str, str]]:
    seconds = facts.used_memory // SAVE_BYTES
    if not save_first or seconds < SAVE_SECONDS:
        return []
    return [
        (
            f"it must save before it stops, which takes about {seconds} s without an answer",
            "let it save when it stops: redis-cli CONFIG SET save '3600 1'",
        )
    ]
