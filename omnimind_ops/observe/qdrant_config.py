"""How a Qdrant in a container is configured: its environment, its command, and the files mounted into it.

What it returns contains keys. https://qdrant.tech/documentation/guides/configuration/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import yaml

from omnimind_ops.model.facts import Container
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import container_files
from omnimind_ops.tools.command_line import Started, started

PREFIX = "QDRANT__"
HOME = PurePosixPath("/qdrant")
PORT = 6333
MODE = "production"
"""The image's RUN_MODE."""


def documents(container: Container) -> Iterator[Mapping[str, JSON]]:
    """Yield the configuration files in the order in which Qdrant reads them: the last one counts.

    Those that are part of the image hold its defaults and are left out. Raise Problem for a file that is not YAML.
    """
    for file in (*_usual(container), *_given(container)):
        text = container_files.read(container, str(file))
        document = _yaml(str(container_files.on_host(container, file) or file), text)
        if isinstance(document, Mapping):
            yield document


def environment(container: Container) -> Mapping[str, str]:
    """Return the variables of the server, also those that a script sets."""
    return _started(container).env


def config(container: Container) -> dict[str, str]:
    """Return the settings by lower-case name ("service.api_key"); the environment wins over the files."""
    settings: dict[str, str] = {}
    for document in documents(container):
        settings |= dict(_flatten("", document))
    for name, value in environment(container).items():
        if name.upper().startswith(PREFIX):
            settings[".".join(name[len(PREFIX) :].lower().split("__"))] = value
    return settings


def port(container: Container) -> int:
    """Return the port of the REST API inside the container."""
    number = config(container).get("service.http_port", "")
    return int(number) if number.isdigit() else PORT


def api_key(container: Container) -> str:
    """Return the API key by its configuration, "" for none."""
    return config(container).get("service.api_key", "")


def possible_keys(container: Container, clients: tuple[Container, ...] = ()) -> Iterator[str]:
    """Yield what may be the API key: its configuration, and what its clients use."""
    yield api_key(container)
    for client in clients:
        for name, value in client.env.items():
            if "QDRANT" in name.upper() and name.upper().endswith("KEY"):
                yield value


def is_on(value: str) -> bool:
    """Return whether a setting is true, as YAML or a variable writes it."""
    return value.strip().lower() in ("true", "1", "on", "yes")


def _usual(container: Container) -> Iterator[PurePosixPath]:
    for name in ("config", container.env.get("RUN_MODE") or MODE, "local"):
        for end in ("yaml", "yml", "json"):
            file = HOME / "config" / f"{name}.{end}"
            if container_files.on_host(container, file):
                yield file


def _given(container: Container) -> Iterator[PurePosixPath]:
    if path := _started(container).options().get("config-path", ""):
        file = (HOME if not container.folder else PurePosixPath(container.folder)) / path.split()[0]
        yield file if file.suffix else file.with_suffix(".yaml")


def _started(container: Container) -> Started:
    return started(container.command, container.env, lambda path: container_files.read(container, path))


def _yaml(path: str, text: str) -> JSON:
    try:
        document: JSON = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Problem(
            f"cannot read Qdrant's settings in {path}",
            str(error),
            "correct the file, then run the same command again",
        ) from error
    return document


def _flatten(key: str, value: JSON) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            pass
        case Mapping():
            for name, inner in value.items():
                yield from _flatten(f"{key}.{name}".removeprefix("."), inner)
        case _:
            yield key.lower(), str(value)
