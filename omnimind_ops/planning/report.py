"""The report: how each key of the user's Compose file is migrated. No key is dropped silently. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.json import JSON
from omnimind_ops.planning.leaves import Leaf, leaves
from omnimind_ops.planning.verdicts import Verdict, judge, judge_top
from omnimind_ops.tools import compose, redact
from omnimind_ops.tools.images import role_of

__all__ = ["Row", "Verdict", "report"]


@dataclass(frozen=True)
class Row:
    """One key.

    `service` is "" for keys outside of services; `value` has its secrets masked; `why` names the replacement, or the
    reason why there is none.
    """

    service: str
    key: str
    value: str
    verdict: Verdict
    why: str


def report(project: Project) -> tuple[Row, ...]:
    """Return a row for every leaf of the document, and for volumes that no file declares.

    Without a document the rows come from the containers: image, environment, ports, volumes, restart.
    """
    document = project.document if project.document is not None else _from_containers(project)
    services = _mapping(document.get("services"))
    known = _secrets(project, services)
    rows: list[Row] = []
    for service, body in services.items():
        role = role_of(service, _image(project, service, body), project.name)
        rows += [_row(service, leaf, judge(role, leaf), known) for leaf in _leaves(body)]
        rows += list(_undeclared(project, service, role, body))
    top = {key: value for key, value in document.items() if key != "services"}
    rows += [_row("", leaf, judge_top(leaf), known) for leaf in _leaves(top)]
    return tuple(rows)


def _leaves(body: JSON) -> Iterator[Leaf]:
    return (leaf for leaf in leaves(body) if leaf.path)


def _row(service: str, leaf: Leaf, verdict: tuple[Verdict, str], known: tuple[str, ...]) -> Row:
    return Row(service, redact.redact(leaf.key, known), _shown(leaf, known), *verdict)


def _shown(leaf: Leaf, known: tuple[str, ...]) -> str:
    """Return the value with secrets masked."""
    if leaf.value in (None, "", [], {}):
        return ""
    if redact.takes_secret(leaf.before) or any(
        redact.may_be_secret(word) for word in leaf.path[1:] if not word.startswith("[")
    ):
        return redact.MASK
    text = str(leaf.value).lower() if isinstance(leaf.value, bool) else str(leaf.value)
    return redact.redact(text, known)


def _image(project: Project, service: str, body: JSON) -> str:
    """Return the running image, else the one named in the file."""
    running = (
        container.image for container in project.containers if container.service == service and not container.oneoff
    )
    return next(running, str(_mapping(body).get("image") or ""))


def _secrets(project: Project, services: Mapping[str, JSON]) -> tuple[str, ...]:
    """Return all known secret values, so that they are masked wherever they are repeated."""
    found: set[str] = set()
    for container in project.containers:
        found.update(redact.secrets_in(container.env))
    for body in services.values():
        found.update(redact.secrets_in(compose.pairs(_mapping(body).get("environment"))))
    return tuple(sorted(found, key=len, reverse=True))


def _undeclared(project: Project, service: str, role: str, body: JSON) -> Iterator[Row]:
    """Yield the volumes that the image declares: the file does not name them, and `down -v` deletes them."""
    named = str(_mapping(body).get("volumes", ""))
    for container in project.containers:
        for mount in container.mounts if container.service == service and not container.oneoff else ():
            if mount.anonymous and mount.target not in named:
                yield Row(
                    service,
                    f"(volume of the image) {mount.target}",
                    mount.name[:12],
                    *judge(role, Leaf(("volumes",), mount.target)),
                )


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


def _mapping(value: JSON) -> Mapping[str, JSON]:
    return value if isinstance(value, Mapping) else {}
