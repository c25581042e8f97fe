"""The target of a measurement, and the route that serves its embeddings.

A target is this machine's own system, the containers' backend, or any server at a URL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from omnimind_ops import world as worlds
from omnimind_ops.flows.bench.http import Request, ask
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings
from omnimind_ops.tools.http import NotHttpError

OURS = "omnimind-backend"
SECONDS = 10.0
HEALTH = ("/health/", "/health", "/healthz", "/")
"""Where a backend without embeddings may at least answer; the old backend answers the first."""


@dataclass(frozen=True)
class Target:
    """`urls` are its backends, first choice first; `world` is its system if it runs on this machine."""

    name: str
    urls: tuple[str, ...]
    world: World | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Route:
    """How to request embeddings.

    `is_ours`: it is OmniMind's backend and reports stages, device and cache. Without `makes` it serves no embeddings,
    and only its response time can be measured.
    """

    method: str
    path: str
    makes: str = ""  # texts (OmniMind's), input (OpenAI's), "" for none
    is_ours: bool = False

    def request(self, texts: Sequence[str], headers: Mapping[str, str] | None = None) -> Request:
        """Return the request for a batch."""
        if not self.makes:
            return Request(self.method, self.path)
        words: dict[str, Any] = (
            {"texts": list(texts)} if self.makes == "texts" else {"model": "default", "input": list(texts)}
        )
        return Request(self.method, self.path, json.dumps(words, ensure_ascii=False).encode(), headers)


def find(asked: str, settings: Settings, paths: Paths) -> Target:
    """Return the target of that name: "" for this machine's system, native, embedded, docker, or a URL."""
    if "://" in asked:
        return Target(asked, (_checked(asked),), _own(asked, settings, paths))
    if asked == "docker":
        return Target("docker", (_container(settings),))
    if asked not in ("", "native", "embedded"):
        raise Problem(
            "cannot measure that",
            f"--target {asked} is unknown",
            "name docker, native, embedded or a URL: http://127.0.0.1:8000",
            code=ExitCode.USAGE,
        )
    found = worlds.find(settings, paths)
    if asked and asked != str(found.mode):
        raise Problem(
            f"cannot measure the {asked} system", f"the one of this machine is {found.mode}", "leave --target out"
        )
    return Target(str(found.mode), tuple(f"http://127.0.0.1:{port}" for port in found.system.backend_ports), found)


def reached(target: Target) -> None:
    """Raise Problem when nothing answers there, before any credentials are requested. A slow server passes."""
    try:
        ask(target.urls[0], Request("GET", "/"), {}, SECONDS)
    except (TimeoutError, ConnectionResetError, NotHttpError):
        return
    except OSError as error:
        raise _silent(target, error) from error


def route(target: Target, headers: Mapping[str, str]) -> Route:
    """Return the route for the target.

    Other servers get only GETs and requests to routes of their own openapi.json.
    """
    base = target.urls[0]
    about = _json(base, "/", headers)
    if about.get("service") == OURS:
        return Route("POST", "/embed", "texts", is_ours=True)
    described = _json(base, "/openapi.json", headers).get("paths")
    known = described if isinstance(described, dict) else {}
    for path, makes in (("/v1/embeddings", "input"), ("/embed", "texts")):
        if "post" in known.get(path, {}):
            return Route("POST", path, makes)
    for path in HEALTH:
        try:
            if ask(base, Request("GET", path), headers, SECONDS).status == 200:
                return Route("GET", path)
        except OSError as error:
            raise _silent(target, error) from error
    raise Problem(
        f"cannot measure {target.name}",
        f"{base} answers neither embeddings nor any of {', '.join(HEALTH)}",
        "name another --target",
    )


def _silent(target: Target, error: Exception) -> Problem:
    return Problem(
        f"cannot measure {target.name}",
        f"{target.urls[0]} does not answer: {error}",
        "start it, or name another --target",
    )


def _own(url: str, settings: Settings, paths: Paths) -> World | None:
    """Return this machine's system if the URL is one of its backends: its credentials may then be used."""
    try:
        found = worlds.find(settings, paths)
    except Problem:
        return None
    parts = urlsplit(url)
    return (
        found
        if parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port in found.system.backend_ports
        else None
    )


def _container(settings: Settings) -> str:
    """Return the URL at which the backend of the running Compose project is published."""
    from omnimind_ops.observe import docker

    version, why = docker.version()
    if not version:
        raise Problem(
            "cannot measure the containers", f"no Docker engine answers: {why}", "start it: systemctl start docker"
        )
    try:
        project = docker.pick_project(docker.projects(), settings.project or None, None)
    except Problem as problem:
        raise Problem(
            "cannot measure the containers",
            problem.why,
            "start them (docker compose up -d), or name the backend: --target URL",
        ) from problem
    backend = docker.roles(project).backend
    if backend is None or not backend.running:
        raise Problem("cannot measure the containers", "no backend runs among them", "start it: docker compose up -d")
    return published(backend)


def published(backend: Any) -> str:
    """Return the URL of a backend's container: its published port, else its own address."""
    for publish in backend.ports:
        if publish.protocol == "tcp" and publish.host_port:
            host = "127.0.0.1" if publish.host_ip in ("", "0.0.0.0", "::") else publish.host_ip  # noqa: S104
            return f"http://{host}:{publish.host_port}"
    raise Problem(
        "cannot measure the containers", f"{backend.name} publishes no port", "name its address: --target URL"
    )


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(
            "cannot measure that",
            f"--target {url} is no URL of HTTP",
            "write it as http://127.0.0.1:8000",
            code=ExitCode.USAGE,
        )
    return url.rstrip("/")


def _json(base: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object that a GET answers, else {}.

    An unreachable server is reported later, with a better message.
    """
    try:
        said = json.loads(ask(base, Request("GET", path), headers, SECONDS).body)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
