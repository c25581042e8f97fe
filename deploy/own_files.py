"""The user's own configuration files, below /etc/omnimind: read last by a server, and never written by converge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from pyinfra import host
from pyinfra.api.exceptions import OperationError

from deploy.facts.listing import Listing
from deploy.facts.paths import Paths as PathsFact
from omnimind_ops.paths import Paths

ENDINGS = {"redis": ".conf", "qdrant": ".yaml"}


def folder_of(service: str) -> str:
    """Return the folder for a service's own files, e.g. /etc/omnimind/redis.d."""
    return f"{Paths().config}/{service}.d"


def own_files(service: str) -> tuple[str, ...]:
    """Return the user's files for a service, in the order in which they are read."""
    return host.get_fact(Listing, folder=folder_of(service), ending=ENDINGS[service])


def own_variables() -> tuple[str, ...]:
    """Return the user's file of variables for the backend, if there is one."""
    path = f"{Paths().config}/backend.env"
    return (path,) if path in host.get_fact(PathsFact, paths=(path,)) else ()


def merged(content: str, service: str, carried: Iterable[str]) -> str:
    """Return YAML with the settings carried from the old server and the user's files merged in, in this order.

    Without any of them it is unchanged, with its comments.
    """
    paths = own_files(service)
    above = nested(carried)
    if not paths and not above:
        return content
    states = host.get_fact(PathsFact, paths=paths) if paths else {}
    result = _merge(yaml.safe_load(content), above)
    for path in paths:
        result = _merge(result, _load(path, states[path].content if path in states else b""))
    comments = "".join(f"{line}\n" for line in content.splitlines() if line.startswith("#"))
    sources = "".join(f"# Merged with {path}.\n" for path in paths)
    return comments + sources + yaml.safe_dump(result, sort_keys=False)


def nested(settings: Iterable[str]) -> dict[str, Any]:
    """Return carried settings as a document: sections by name, values as YAML reads them."""
    document: dict[str, Any] = {}
    for setting in settings:
        key, _, value = setting.partition("=")
        *sections, name = key.split(".")
        section = document
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = yaml.safe_load(value)
    return document


def _load(path: str, content: bytes) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise OperationError(f"{path} is not YAML: {error}") from error
    if document is not None and not isinstance(document, dict):
        raise OperationError(f"{path} must contain settings by name, as config.yaml does")
    return document or {}


def _merge(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both; sections are merged, any other value of `above` replaces that of `base`."""
    result = dict(base)
    for name, value in above.items():
        below = result.get(name)
        result[name] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
