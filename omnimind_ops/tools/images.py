"""Names of images and services: the role of a container in OmniMind."""

from __future__ import annotations

import re

ROLES = ("qdrant", "redis", "backend", "frontend", "postgres")
_BY_IMAGE = {
    "qdrant": "qdrant",
    "redis": "redis",
    "redis-stack": "redis",
    "redis-stack-server": "redis",
    "valkey": "redis",
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgis": "postgres",
    "pgvector": "postgres",
}
_BY_SERVICE = {role: role for role in ROLES} | {"valkey": "redis", "postgresql": "postgres"}


def base_name(image: str) -> str:
    """Return the last word of an image's name: "qdrant" for "ghcr.io:443/qdrant/qdrant:v1.9@sha256:…"."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def role_of(service: str, image: str, project: str = "") -> str:
    """Return the role of a container, "" for none: the image's name decides first, then the service's.

    A built image is called PROJECT_SERVICE (Compose v1) or PROJECT-SERVICE (v2).
    """
    name = base_name(image)
    if name in _BY_IMAGE:
        return _BY_IMAGE[name]
    if project:
        name = re.sub(rf"^{re.escape(project.lower())}[_-]", "", name)
    if name in ("backend", "frontend"):
        return name
    return _BY_SERVICE.get(service.lower(), "")
