"""Which of several stores of a kind is OmniMind's: the one that is named, else the one that the backend uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.images import role_of

STORES = ("qdrant", "redis")
_ADDRESS = re.compile(r"(?:^|[/@,\s])([A-Za-z0-9][\w.-]*)(?::(\d+))?(?=$|[/,\s?])")
HOST_NAMES = ("host.docker.internal", "localhost", "127.0.0.1", "172.17.0.1")


def chosen_store(project: Project, role: str, service: str, notes: list[str]) -> Container | None:
    """Return the project's store of this role, None without one; `notes` get why one of several was chosen.

    Raise Problem if several may be meant.
    """
    found = [c for c in project.containers if not c.oneoff and role_of(c.service, c.image, project.name) == role]
    if service:
        return _named(project, role, service, found)
    if len(found) <= 1:
        return found[0] if found else None
    backends = [c for c in project.containers if role_of(c.service, c.image, project.name) == "backend"]
    used = {store.id: store for backend in backends for store in _used(backend, found)}
    if len(used) == 1:
        (store,) = used.values()
        rest = ", ".join(other.name for other in found if other is not store)
        notes.append(f"{store.name} is migrated, because the backend uses it; not {rest} (--{role}-service chooses)")
        return store
    raise Problem(
        f"cannot determine which container of {project.name} is the {role}",
        ", ".join(f"{store.name} ({store.image})" for store in found)
        + (" are used by the backend" if used else ": no variable of the backend names one of them"),
        f"name the one to migrate: --{role}-service NAME",
    )


def _named(project: Project, role: str, service: str, found: Sequence[Container]) -> Container:
    chosen = [store for store in found if service in (store.service, store.name)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(store.service or store.name for store in found) or "none"
    raise Problem(
        f"cannot use --{role}-service {service}",
        f"{len(chosen) or 'no'} containers of {project.name} match; it has: {names}",
        f"name one of these services: --{role}-service NAME",
    )


def _used(backend: Container, stores: Sequence[Container]) -> Iterator[Container]:
    """Yield the stores that a backend's variables name: by service, container, or published port of this host."""
    hosts = set(_hosts(backend))
    for store in stores:
        names = {store.service, store.name} - {""}
        ports = {str(port.host_port) for port in store.ports}
        if any(host in names or (host in HOST_NAMES and port in ports) for host, port in hosts):
            yield store


def _hosts(backend: Container) -> Iterator[tuple[str, str]]:
    for value in backend.env.values():
        for match in _ADDRESS.finditer(value):
            yield match[1], match[2] or ""
