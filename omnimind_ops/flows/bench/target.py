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
from omnimind_ops.flows.bench.timed_http import Request, send
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings
from omnimind_ops.tools.http import NotHttpError

SERVICE = "omnimind-backend"
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

    `is_omnimind`: it is OmniMind's backend and reports stages, device and cache. Without `input_field` it serves no
    embeddings, and only its response time can be measured.
    """

    method: str
    path: str
    input_field: str = ""  # texts (OmniMind's), input (OpenAI's), "" for none
    is_omnimind: bool = False

    def request(self, texts: Sequence[str], headers: Mapping[str, str] | None = None) -> Request:
        """Return the request for a batch."""
        if not self.input_field:
            return Request(self.method, self.path)
        body: dict[str, Any] = (
            {"texts": list(texts)} if self.input_field == "texts" else {"model": "default", "input": list(texts)}
        )
        return Request(self.method, self.path, json.dumps(body, ensure_ascii=False).encode(), headers)


def find_target(name: str, settings: Settings, paths: Paths) -> Target:
    """Return the target of that name: "" for this machine's system, native, embedded, docker, or a URL."""
    if "://" in name:
        return Target(name, (_check_url(name),), _local_system(name, settings, paths))
    if name == "docker":
        return Target("docker", (_container_url(settings),))
    if name not in ("", "native", "embedded"):
        raise Problem(
            "cannot measure this target",
            f"--target {name} is unknown",
            "use docker, native, embedded or a URL, for example http://127.0.0.1:8000",
            code=ExitCode.USAGE,
        )
    world = worlds.find(settings, paths)
    if name and name != str(world.mode):
        raise Problem(
            f"cannot measure the {name} system", f"the system on this machine is {world.mode}", "omit --target"
        )
    return Target(str(world.mode), tuple(f"http://127.0.0.1:{port}" for port in world.system.backend_ports), world)


def check_reachable(target: Target) -> None:
    """Raise Problem when nothing answers there, before any credentials are requested. A slow server passes."""
    try:
        send(target.urls[0], Request("GET", "/"), {}, SECONDS)
    except (TimeoutError, ConnectionResetError, NotHttpError):
        return
    except OSError as error:
        raise _no_response(target, error) from error


def detect_route(target: Target, headers: Mapping[str, str]) -> Route:
    """Return the route for the target.

    Other servers get only GETs and requests to routes of their own openapi.json.
    """
    base = target.urls[0]
    about = _json(base, "/", headers)
    if about.get("service") == SERVICE:
        return Route("POST", "/embed", "texts", is_omnimind=True)
    api_paths = _json(base, "/openapi.json", headers).get("paths")
    routes = api_paths if isinstance(api_paths, dict) else {}
    for path, input_field in (("/v1/embeddings", "input"), ("/embed", "texts")):
        if "post" in routes.get(path, {}):
            return Route("POST", path, input_field)
    for path in HEALTH:
        try:
            if send(base, Request("GET", path), headers, SECONDS).status == 200:
                return Route("GET", path)
        except OSError as error:
            raise _no_response(target, error) from error
    raise Problem(
        f"cannot measure {target.name}",
        f"{base} serves neither embeddings nor any of {', '.join(HEALTH)}",
        "use another --target",
    )


def _no_response(target: Target, error: Exception) -> Problem:
    return Problem(
        f"cannot measure {target.name}",
        f"{target.urls[0]} does not answer: {error}",
        "start it, or use another --target",
    )


def _local_system(url: str, settings: Settings, paths: Paths) -> World | None:
    """Return this machine's system if the URL is one of its backends: its credentials may then be used."""
    try:
        world = worlds.find(settings, paths)
    except Problem:
        return None
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port in world.system.backend_ports
    return world if here else None


def _container_url(settings: Settings) -> str:
    """Return the URL at which the backend of the running Compose project is published."""
    from omnimind_ops.observe import docker

    version, reason = docker.version()
    if not version:
        raise Problem(
            "cannot measure the containers", f"no Docker engine answers: {reason}", "start it: systemctl start docker"
        )
    try:
        project = docker.pick_project(docker.projects(), settings.project or None, None)
    except Problem as problem:
        raise Problem(
            "cannot measure the containers",
            problem.why,
            "start them (docker compose up -d), or pass the backend's address: --target URL",
        ) from problem
    backend = docker.roles(project).backend
    if backend is None or not backend.running:
        raise Problem(
            "cannot measure the containers", "no backend container is running", "start it: docker compose up -d"
        )
    return published_url(backend)


def published_url(container: Any) -> str:
    """Return the URL of a backend's container: its published port, else its own address."""
    for publish in container.ports:
        if publish.protocol == "tcp" and publish.host_port:
            host = "127.0.0.1" if publish.host_ip in ("", "0.0.0.0", "::") else publish.host_ip  # noqa: S104
            return f"http://{host}:{publish.host_port}"
    raise Problem(
        "cannot measure the containers", f"{container.name} publishes no port", "pass its address: --target URL"
    )


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(
            "cannot measure this target",
            f"--target {url} is not an HTTP URL",
            "write it as http://127.0.0.1:8000",
            code=ExitCode.USAGE,
        )
    return url.rstrip("/")


def _json(base: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object that a GET answers, else {}.

    An unreachable server is reported later, with a better message.
    """
    try:
        document = json.loads(send(base, Request("GET", path), headers, SECONDS).body)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
