"""The report: the fate of each key of the user's Compose file, from the fates of the things that it describes.

No key is dropped silently. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.fate import Fate, Item
from omnimind_ops.model.json import JSON
from omnimind_ops.planning.fates import Stack
from omnimind_ops.planning.flatten import Entry, flatten
from omnimind_ops.planning.key_rules import classify_top
from omnimind_ops.planning.report_keys import Service, key_fate
from omnimind_ops.tools import compose, redact

__all__ = ["Row", "report"]


@dataclass(frozen=True)
class Row:
    """One key.

    `service` is "" for keys outside of services; `value` has its secrets masked; `why` names the replacement, or the
    reason why there is none.
    """

    service: str
    key: str
    value: str
    fate: Fate
    why: str


def report(stack: Stack, items: Sequence[Item]) -> tuple[Row, ...]:
    """Return a row for every entry of the document, and for volumes that no file declares.

    Without a document the rows come from the containers: image, environment, ports, volumes, restart.
    """
    project = stack.project
    document = project.document if project.document is not None else _from_containers(project)
    services = compose.services(document)
    secrets = _secrets(project, services)
    rows: list[Row] = []
    for name, body in services.items():
        service = Service(stack, items, name, body)
        rows += [_row(name, entry, key_fate(service, entry), secrets) for entry in _entries(body)]
        rows += list(_undeclared(service))
    top = {key: value for key, value in document.items() if key != "services"}
    rows += [_row("", entry, classify_top(entry), secrets) for entry in _entries(top)]
    return tuple(rows)


def _entries(body: Mapping[str, JSON]) -> Iterator[Entry]:
    return (entry for entry in flatten(body) if entry.path)


def _row(service: str, entry: Entry, fate: tuple[Fate, str], secrets: tuple[str, ...]) -> Row:
    return Row(service, redact.redact(entry.key, secrets), _masked(entry, secrets), *fate)


def _masked(entry: Entry, secrets: tuple[str, ...]) -> str:
    """Return the value with secrets masked."""
    if entry.value in (None, "", [], {}):
        return ""
    if redact.takes_secret(entry.previous) or any(
        redact.may_be_secret(part) for part in entry.path[1:] if not part.startswith("[")
    ):
        return redact.MASK
    text = str(entry.value).lower() if isinstance(entry.value, bool) else str(entry.value)
    return redact.redact(text, secrets)


def _secrets(project: Project, services: Mapping[str, Mapping[str, JSON]]) -> tuple[str, ...]:
    """Return all known secret values, so that they are masked wherever they are repeated."""
    secrets: set[str] = set()
    for container in project.containers:
        secrets.update(redact.secrets_in(container.env))
    for body in services.values():
        secrets.update(redact.secrets_in(compose.pairs(body.get("environment"))))
    return tuple(sorted(secrets, key=len, reverse=True))


def _undeclared(service: Service) -> Iterator[Row]:
    """Yield the volumes that the image declares: the file does not name them, and `down -v` deletes them."""
    named = str(service.body.get("volumes", ""))
    for container in service.containers:
        for mount in container.mounts:
            if mount.anonymous and mount.target not in named:
                key = f"(volume of the image) {mount.target}"
                yield Row(service.name, key, mount.name[:12], *service.of_mount(mount))


def _from_containers(project: Project) -> dict[str, JSON]:
    return {"services": {c.service or c.name: _body(c) for c in project.containers if not c.oneoff}}


def _body(container: Container) -> dict[str, JSON]:
    ports = dict.fromkeys(
        f"{p.host_port}:{p.container_port}" + ("/udp" if p.protocol == "udp" else "") for p in container.ports
    )
    volumes = [f"{m.source}:{m.target}" + ("" if m.writable else ":ro") for m in container.mounts if not m.anonymous]
    body: dict[str, JSON] = {
        "image": container.image,
        "environment": dict(container.env),
        "ports": list(ports),
        "volumes": list(volumes),
    }
    body |= {"depends_on": list(container.depends_on), "restart": container.restart_policy}
    return {key: value for key, value in body.items() if value}
