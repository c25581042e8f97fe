"""Passwords of the old stores: found in their containers, else given by the person. Each is tried before it is used.

docs/decisions/040-stacks-of-other-shapes.md
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from omnimind_ops.flows.container_endpoints import qdrant_endpoint, redis_endpoint
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import old_passwords, qdrant_config, redis_config
from omnimind_ops.observe.docker import Roles
from omnimind_ops.observe.old_passwords import Store, kept
from omnimind_ops.paths import Paths
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, UnauthorizedProblem, connect
from omnimind_ops.stores.redis.connection import connect as connect_redis
from omnimind_ops.stores.redis.endpoint import RedisEndpoint

SECONDS = 10
ATTEMPTS = 3
OPTIONS = {Store.REDIS: "--redis-password-file", Store.QDRANT: "--qdrant-api-key-file"}


@dataclass(frozen=True)
class Logins:
    """The running stores. `keep` are the passwords that the configuration of their containers does not tell.

    None in `keep` is one that it tells: an earlier file is outdated.
    """

    redis: RedisEndpoint | None = None
    qdrant: QdrantEndpoint | None = None
    keep: Mapping[Store, str | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Login:
    """How to log in to a store of a container. `works` tries a password."""

    store: Store
    name: str  # of the container
    what: str  # for people: "password of Redis"
    works: Callable[[str], bool]
    given: Path | None
    ask: Callable[[str], str] | None


def redis_login(container: Container, clients: tuple[Container, ...], options: MigrateOptions) -> RedisEndpoint:
    """Return the running Redis of a container, with the password that it accepts; raise Problem if there is none."""
    refuse_tls_only(container)
    endpoint = redis_endpoint(container)

    def works(password: str) -> bool:
        return _redis_accepts(replace(endpoint, password=password))

    login = Login(
        Store.REDIS, container.name, "password of Redis", works, options.redis_password_file, options.ask_password
    )
    return replace(endpoint, password=_accepted(login, redis_config.possible_passwords(container, clients)))


def qdrant_login(container: Container, clients: tuple[Container, ...], options: MigrateOptions) -> QdrantEndpoint:
    """Return the running Qdrant of a container, with the key that it accepts; raise Problem if there is none."""
    refuse_tls(container)
    endpoint = qdrant_endpoint(container)

    def works(key: str) -> bool:
        return _qdrant_accepts(replace(endpoint, api_key=key or None))

    login = Login(
        Store.QDRANT, container.name, "API key of Qdrant", works, options.qdrant_api_key_file, options.ask_password
    )
    return replace(endpoint, api_key=_accepted(login, qdrant_config.possible_keys(container, clients)) or None)


def log_in(roles: Roles, clients: tuple[Container, ...], options: MigrateOptions) -> Logins:
    """Log in to the stores whose data is moved from running containers."""
    redis = qdrant = None
    keep: dict[Store, str | None] = {}
    if roles.qdrant and not options.qdrant_backup:
        qdrant = qdrant_login(roles.qdrant, clients, options)
        keep[Store.QDRANT] = _unless(qdrant.api_key or "", qdrant_config.api_key(roles.qdrant))
    if roles.redis and not options.redis_backup and not options.redis_empty:
        redis = redis_login(roles.redis, clients, options)
        keep[Store.REDIS] = _unless(redis.password, redis_config.password(roles.redis))
    return Logins(redis, qdrant, keep)


def _unless(password: str, configured: str) -> str | None:
    return None if password == configured else password


def refuse_tls_only(redis: Container) -> None:
    """Raise Problem for a Redis that listens with TLS only."""
    settings = redis_config.config(redis)
    if settings.get("port") == "0" and settings.get("tls-port"):
        raise Problem(
            f"cannot read {redis.name}",
            f"its Redis speaks only TLS (tls-port {settings['tls-port']}, port 0), and omnimind reads without TLS",
            "let it listen without TLS as well (--port 6379) and start it again; or pass --redis-backup FILE",
        )


def refuse_tls(qdrant: Container) -> None:
    """Raise Problem for a Qdrant that speaks TLS."""
    if qdrant_config.is_on(qdrant_config.config(qdrant).get("service.enable_tls", "")):
        raise Problem(
            f"cannot read {qdrant.name}",
            "its Qdrant speaks TLS (service.enable_tls), and omnimind reads without TLS; "
            "the native Qdrant listens on 127.0.0.1 without TLS",
            "turn enable_tls off and start the container again; or pass --qdrant-backup SNAPSHOT",
        )


def keep(passwords: Mapping[Store, str | None], paths: Paths) -> None:
    """Write the files, for root only."""
    for store, password in passwords.items():
        file = old_passwords.path_of(store, paths)
        file.unlink(missing_ok=True)
        if password is None:
            continue
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write(f"{password}\n")
            target.flush()
            os.fsync(handle)


def _accepted(login: Login, found: Iterable[str]) -> str:
    """Return the password that the server accepts: the given one, else one that was found, else one that is typed."""
    if login.given:
        return _from_file(login, login.given)
    tried = set()
    for password in chain(found, ("", kept(login.store) or "")):
        if password not in tried and login.works(password):
            return password
        tried.add(password)
    if login.ask:
        return _typed(login, login.ask)
    option = OPTIONS[login.store]
    raise Problem(
        f"cannot log in to {login.name}",
        f"it wants the {login.what}, and its configuration, variables and secrets do not tell it",
        f"pass {option} FILE, or run the command on a terminal, which asks for it",
    )


def _from_file(login: Login, file: Path) -> str:
    option = OPTIONS[login.store]
    try:
        password = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"cannot read {option} {file}", str(error), "pass a file that holds nothing else") from error
    if not login.works(password):
        raise Problem(
            f"cannot log in to {login.name}",
            f"it refuses the {login.what} in {file}",
            f"write the right one to that file, or leave out {option}",
        )
    return password


def _typed(login: Login, ask: Callable[[str], str]) -> str:
    for _ in range(ATTEMPTS):
        password = ask(f"{login.what[0].upper()}{login.what[1:]} in {login.name}")
        if login.works(password):
            return password
    raise Problem(
        f"cannot log in to {login.name}",
        f"it refuses the {login.what} {ATTEMPTS} times",
        "look it up in the container's configuration, then run the same command again",
    )


def _redis_accepts(endpoint: RedisEndpoint) -> bool:
    from redis.exceptions import AuthenticationError

    try:
        with connect_redis(endpoint, timeout=SECONDS) as connection:
            reply = connection.try_call("PING", forbidden=True)
    except Problem as problem:
        if isinstance(problem.__cause__, AuthenticationError):
            return False
        raise
    return reply is not None


def _qdrant_accepts(endpoint: QdrantEndpoint) -> bool:
    try:
        with connect(endpoint, SECONDS) as client:
            client.get_collections()
    except UnauthorizedProblem:
        return False
    return True
