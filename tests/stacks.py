"""Stacks of Compose files, as a discovery would describe them, without an engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omnimind_ops.flows.upload_folders import upload_folders
from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.system import shared
from omnimind_ops.observe.inner_ports import with_inner_ports
from omnimind_ops.observe.projects import Roles
from omnimind_ops.planning import published
from omnimind_ops.planning.fates import Stack
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from omnimind_ops.settings import Settings
from omnimind_ops.tools import compose, docker
from omnimind_ops.tools.images import role_of
from tests import inspected

CASES = Path(__file__).parent / "fixtures/cases"


def containers_of(raw: list[dict[str, Any]]) -> tuple[Container, ...]:
    return docker.parse_inspect(json.dumps(raw))


def stack(document: Mapping[str, Any], folder: Path, project: str = "app", **options: Any) -> Stack:
    """Return the stack of a file."""
    containers = containers_of(inspected.inspected(document, project, folder))
    whole = with_inner_ports(Project(project, str(folder), (), containers, document))
    return planned(whole, image_environments=inspected.image_environments(document), **options)


def planned(
    project: Project,
    *,
    keep: frozenset[str] = frozenset(),
    settings: Settings | None = None,
    listen: bool = False,
    others: tuple[Container, ...] = (),
    image_environments: Mapping[str, Mapping[str, str]] | None = None,
) -> Stack:
    """Return the stack of a project; the services in `keep` are not stopped."""
    stopping = [c for c in project.containers if c.service not in keep]
    by_role = _roles(project.name, stopping)
    data = {c.id for role in ("qdrant", "redis", "postgres") for c in by_role.get(role, ())}
    goal = Goal(**shared(published.as_published(settings or Settings(), by_role)))
    goal = replace(goal, qdrant_grpc_port=published.grpc_port(next(iter(by_role.get("qdrant", ())), None)))
    if listen:
        goal = replace(goal, listen=published.open_to_the_network(goal, by_role))
    qdrant, redis = _stores(by_role)
    first = {role: members[0] for role, members in by_role.items()}
    whole = replace(project, containers=tuple(stopping))
    uploads = upload_folders(whole, Roles(**first), qdrant.storage if qdrant else "", ())
    source = Source(
        project.name,
        tuple(c.id for c in stopping),
        tuple(c.id for c in stopping if c.id not in data),
        tuple(c.id for c in stopping if c.id in data),
        (),
        tuple(uploads.folders),
        qdrant,
        redis,
        upload_names=uploads.folders,
        files=uploads.files,
    )
    roles = {container.id: role for role, members in by_role.items() for container in members}
    files = frozenset(m.source for c in project.containers for m in c.mounts if Path(m.source).is_file())
    mounts = {m.source for c in project.containers for m in c.mounts}
    links = {source: real for source in mounts if (real := os.path.realpath(source)) != source}
    return Stack(project, source, goal, roles, others, image_environments or {}, files=files, links=links)


def _roles(project: str, containers: Sequence[Container]) -> dict[str, tuple[Container, ...]]:
    """Return the containers of the first service of each role."""
    found: dict[str, tuple[Container, ...]] = {}
    for container in containers:
        role = "" if container.oneoff else role_of(container.service, container.image, project)
        if role and role not in found:
            found[role] = tuple(c for c in containers if c.service == container.service and not c.oneoff)
    return found


def case(name: str, folder: Path, **options: Any) -> Stack:
    """Return the stack of a case in tests/fixtures/cases, with its bind mounts made below `folder`."""
    document = compose.parse((CASES / name / "docker-compose.yml").read_text())
    for raw in inspected.inspected(document, name, folder):
        for mount in raw["Mounts"]:
            if mount["Type"] == "bind" and mount["Source"].startswith(str(folder)):
                path = Path(mount["Source"])
                if path.suffix:
                    path.write_text("")
                else:
                    path.mkdir(parents=True, exist_ok=True)
    return stack(document, folder, name, **options)


def _stores(by_role: Mapping[str, tuple[Container, ...]]) -> tuple[QdrantSource | None, RedisSource | None]:
    qdrant = redis = None
    for container in by_role.get("qdrant", ()):
        storage = next((m.source for m in container.mounts if m.target == "/qdrant/storage"), "")
        qdrant = QdrantSource(container.id, "", "", storage, "", "1.18.3")
    for container in by_role.get("redis", ()):
        redis = RedisSource(container.id, "127.0.0.1", 6379, container.id, "rdb", "", target_version="7.0.15")
    return qdrant, redis
