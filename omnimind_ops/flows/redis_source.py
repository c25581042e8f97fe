"""Where Redis' data comes from: the running server of a container, a backup, or nowhere. Read-only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from omnimind_ops.flows import qdrant_program
from omnimind_ops.flows.container_endpoints import redis_endpoint
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import apt, redis_config
from omnimind_ops.planning.source import RedisSource
from omnimind_ops.stores.redis import predict
from omnimind_ops.stores.redis import settings as redis_settings
from omnimind_ops.stores.redis.backup import check_backup, read_backup
from omnimind_ops.stores.redis.backup_words import coverage, description
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import ServerFacts, check_movable, loses_data_on_stop, server_facts
from omnimind_ops.stores.redis.method import Method, choose_method
from omnimind_ops.stores.redis.readable import sync_refused
from omnimind_ops.stores.redis.scratch import SERVER
from omnimind_ops.stores.redis.unsupported import refuse_unsupported, unsupported_keys
from omnimind_ops.stores.redis.versions import at_least, plain_version
from omnimind_ops.tools.shell import run

REDIS_PACKAGE = "redis-server"


def redis_source(
    container: Container | None, options: MigrateOptions, notes: list[str], endpoint: RedisEndpoint | None = None
) -> RedisSource:
    """Return the source of Redis' data and how it is copied; `notes` get what the user must know of it.

    `endpoint` is the server of the container, logged in; read from its configuration if it is not given.
    Raises Problem when the data cannot be moved to the Redis that will serve it.
    """
    target = redis_candidate()
    if options.redis_backup:
        return _from_backup(options.redis_backup, target, notes)
    assert container is not None
    if options.redis_empty:
        notes.append("native Redis starts empty, as requested; the old keys stay in the container")
        return RedisSource(container.id, "", 0, "", "empty", "as requested")
    return _from_server(container, endpoint or redis_endpoint(container), target, notes)


def _from_backup(path: Path, target: str, notes: list[str]) -> RedisSource:
    backup = read_backup(path)
    check_backup(path, backup, target)
    notes.append(f"Redis' data comes from {path}, not from the container")
    texts = (description(backup, time.time()), coverage(backup), *backup.notes)
    notes += [f"{path}: {text}" for text in texts]
    used = backup.rdb.used_memory if backup.rdb else 0
    return RedisSource(
        "",
        "",
        0,
        "",
        "rdb",
        f"from {path}",
        backup=str(path),
        target_version=target,
        settings=redis_settings.of_backup(used, backup.size, bool(backup.append_only), backup.databases),
        data=backup.size,
    )


def _from_server(container: Container, endpoint: RedisEndpoint, target: str, notes: list[str]) -> RedisSource:
    facts = server_facts(endpoint)
    check_movable(facts, lambda event: notes.append(event.text))
    method = choose_method(facts, target)
    if method.name == "rdb" and (refused := sync_refused(endpoint)):
        method = Method("logical", f"key by key: {refused}")
    if method.name == "logical":
        refuse_unsupported(unsupported_keys(endpoint, target))
    save = loses_data_on_stop(facts)
    if save:
        notes.append('the old Redis saves nothing when it stops (save "", no AOF); the migration makes it save first')
    notes += _shape(container, facts)
    carried, data = redis_settings.of_server(facts), facts.used_memory
    way, reason = method.name, method.reason
    host, port = endpoint.host, endpoint.port
    hot = at_least(target, 7, 0)  # CONFIG SET port
    if text := predict.held(endpoint, hot=hot, save_first=save):
        notes.insert(0, text)
    published = tuple(sorted({port.host_port for port in container.ports if port.protocol == "tcp"}))
    return RedisSource(
        container.id,
        host,
        port,
        container.id,
        way,
        reason,
        save,
        "",
        target,
        carried,
        data,
        hot=hot,
        published=published,
    )


def _shape(container: Container, facts: ServerFacts) -> Iterator[str]:
    """Yield what differs from a Redis as its image starts it, and what becomes of that."""
    folder = PurePosixPath(facts.directory or "/data")
    if memory := next((path for path in container.tmpfs if folder.is_relative_to(path)), ""):
        yield (
            f"the old Redis keeps its data in memory only ({memory} is a tmpfs): a stop empties it; "
            "a rollback loads the copy made at the cutover again"
        )
    port = redis_config.port(container)
    if port != redis_config.PORT:
        yield f"the old Redis listens on port {port} inside {container.name}"
    if tls := redis_config.config(container).get("tls-port"):
        yield f"the old Redis also listens with TLS (tls-port {tls}); the native one listens without, on 127.0.0.1 only"


def redis_candidate() -> str:
    """Return the Redis version that is installed or that apt would install; it decides how the keys are copied."""
    installed_version = run((SERVER, "--version"), check=False)
    if installed_version.ok:
        return qdrant_program.version_of(installed_version.out)
    candidate = apt.candidate(REDIS_PACKAGE)
    if not candidate.version:
        reason = f"apt has no package {REDIS_PACKAGE}" + (f":\n{candidate.output}" if candidate.output else "")
        raise Problem(
            "cannot install Redis",
            reason,
            "run `apt-get update`, fix what it reports (sources.list, network, proxy), then run the same command again",
        )
    return plain_version(candidate.version)
