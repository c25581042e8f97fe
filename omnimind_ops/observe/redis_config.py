"""How a Redis in a container is configured: its command, its configuration file, its variables and secrets.

What it returns contains passwords.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import container_files
from omnimind_ops.tools.command_line import Started, started

PORT = 6379
INCLUDES = 5
"""How deep configuration files include each other."""
BITNAMI = ("REDIS", "VALKEY")
_HOLDS_PASSWORD = re.compile(r"(REDIS|VALKEY|REQUIRE)\w*(PASS|AUTH)\w*", re.IGNORECASE)
_SECRET = re.compile(r"redis|valkey|pass|auth", re.IGNORECASE)


def config(container: Container) -> dict[str, str]:
    """Return the settings of redis.conf that the container is started with, by name in lower case; options win."""
    command = _started(container)
    settings: dict[str, str] = {}
    if file := _file(command):
        settings |= _lines(container, file, INCLUDES)
    return settings | command.options()


def port(container: Container) -> int:
    """Return the port on which the server listens inside, 0 if it speaks TLS only."""
    number = config(container).get("port") or _bitnami(container, "PORT_NUMBER")
    return int(number) if number.isdigit() else PORT


def password(container: Container) -> str:
    """Return the password of the server by its configuration, "" for none."""
    return config(container).get("requirepass", "") or _bitnami(container, "PASSWORD")


def possible_passwords(container: Container, clients: Iterable[Container] = ()) -> Iterator[str]:
    """Yield what may be the password, most likely first: its configuration, secrets and variables, its clients' URLs.

    An image of one's own may set the password from any of them.
    """
    yield password(container)
    for name, value in container.env.items():
        if _HOLDS_PASSWORD.fullmatch(name.removesuffix("_FILE")):
            yield _content(container, value) if name.endswith("_FILE") else value
    for mount in container.mounts:
        if mount.target.startswith("/run/secrets/") and _SECRET.search(PurePosixPath(mount.target).name):
            yield _content(container, mount.target)
    for client in clients:
        yield from _passwords_in_urls(client)


def _passwords_in_urls(client: Container) -> Iterator[str]:
    for value in client.env.values():
        if value.startswith(("redis://", "rediss://", "valkey://")):
            try:
                found = urlsplit(value).password
            except ValueError:
                continue
            if found:
                yield unquote(found)


def _started(container: Container) -> Started:
    command = started(container.command, container.env, lambda path: container_files.read(container, path))
    return Started((*command.words, *command.env.get("REDIS_ARGS", "").split()), command.env)


def _file(command: Started) -> str:
    """Return the configuration file of the command, "" without one."""
    words = command.words
    for before, word in zip(("", *words), words, strict=False):
        is_first = PurePosixPath(before).name in ("redis-server", "valkey-server") and not word.startswith("-")
        if (word.endswith(".conf") and not before.startswith("--")) or (is_first and "/" in word):
            return word
    return ""


def _lines(container: Container, file: str, depth: int) -> dict[str, str]:
    settings: dict[str, str] = {}
    for line in container_files.read(container, file).splitlines():
        words = _words(line)
        if not words or words[0].startswith("#"):
            continue
        name, value = words[0].lower(), " ".join(words[1:])
        if name == "include" and depth:
            settings |= _lines(container, value, depth - 1)
        else:
            settings[name] = value
    return settings


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:
        return line.split()


def _bitnami(container: Container, name: str) -> str:
    """Return a setting that Bitnami's images read from their environment; the official image does not."""
    if "bitnami" not in container.image:
        return ""
    for product in BITNAMI:
        if value := container.env.get(f"{product}_{name}"):
            return value
        if file := container.env.get(f"{product}_{name}_FILE"):
            return _content(container, file)
    return ""


def _content(container: Container, file: str) -> str:
    return container_files.read(container, file).strip("\r\n")
