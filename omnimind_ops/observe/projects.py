"""Find OmniMind's Compose project and the role of each of its containers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe.chosen_store import STORES, chosen_store
from omnimind_ops.tools.images import role_of


@dataclass(frozen=True)
class Roles:
    """The containers by role; `others` have no role (a benchmark, `docker compose run` containers)."""

    qdrant: Container | None = None
    redis: Container | None = None
    backend: Container | None = None
    frontend: Container | None = None
    postgres: Container | None = None
    others: tuple[Container, ...] = ()
    notes: tuple[str, ...] = ()  # which of several stores was chosen, and why


def roles(project: Project, services: Mapping[str, str] | None = None) -> Roles:
    """Return the containers by role; two containers for one role are a Problem.

    Of several stores of a kind, the one named in `services` (by role) counts, else the one that the backend uses.
    """
    taken: dict[str, Container] = {}
    others: list[Container] = []
    notes: list[str] = []
    chosen = {role: chosen_store(project, role, (services or {}).get(role, ""), notes) for role in STORES}
    for container in project.containers:
        role = "" if container.oneoff else role_of(container.service, container.image, project.name)
        if not role or (role in STORES and container is not chosen[role]):
            others.append(container)
        elif role in taken:
            raise Problem(
                f"cannot determine which container of {project.name} is the {role}",
                f"both {taken[role].name} ({taken[role].image}) and {container.name} ({container.image}) match",
                "scale the service to one container, or remove the unused one (docker rm), and try again",
            )
        else:
            taken[role] = container
    return Roles(
        taken.get("qdrant"),
        taken.get("redis"),
        taken.get("backend"),
        taken.get("frontend"),
        taken.get("postgres"),
        tuple(others),
        tuple(notes),
    )


def looks_like_omnimind(project: Project) -> bool:
    """Return whether the project has exactly one Qdrant and one Redis, or a backend that uses one of several."""
    try:
        return all(chosen_store(project, role, "", []) for role in STORES)
    except Problem:
        return False


def pick_project(projects: Sequence[Project], name: str | None, path: Path | None) -> Project:
    """Return the project named `name`, or the one created from the file or folder `path`, or the only plausible one."""
    if name:
        chosen = [project for project in projects if project.name == name]
        why = f"no container belongs to a Compose project named {name}"
    elif path:
        chosen = [project for project in projects if _created_from(project, path)]
        why = f"no container was created from {path}"
    else:
        chosen = [p for p in projects if looks_like_omnimind(p)] or (
            [p for p in projects if _partly(p)] if len(projects) == 1 else []
        )
        why = "no Compose project has one Qdrant and one Redis, or a backend that uses one of several"
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise _unclear(chosen, f"{len(chosen)} projects match: {', '.join(p.name for p in chosen)}")
    raise (
        _unclear(projects, why)
        if projects
        else Problem(
            "cannot find the Compose project",
            "this host has no container of any Compose project",
            "start it once (docker compose up -d), or migrate backups (--qdrant-backup, --redis-backup)",
        )
    )


def _partly(project: Project) -> bool:
    """Return whether a lone project may be OmniMind's: it has a Qdrant or a backend, and no role twice.

    A Redis alone is no mark: a Redis cluster has six, and many other stacks have one.
    """
    parts = [role for c in project.containers if not c.oneoff and (role := role_of(c.service, c.image, project.name))]
    return bool({"qdrant", "backend"} & set(parts)) and len(parts) == len(set(parts))


def _created_from(project: Project, path: Path) -> bool:
    target = path.expanduser().resolve()
    locations = (project.working_dir, *project.config_files)
    return any(location and Path(location).resolve() == target for location in locations)


def _unclear(projects: Sequence[Project], why: str) -> Problem:
    return Problem(
        "cannot choose a Compose project",
        why,
        "choose one: --project NAME",
        log=tuple(describe(project) for project in projects),
    )


def describe(project: Project) -> str:
    """Return one line: name, services with their states, folder."""
    parts = sorted(
        f"{c.service or c.name} {c.state or ('running' if c.running else 'stopped')}" for c in project.containers
    )
    return f"{project.name}: {', '.join(parts)} ({project.working_dir or 'folder unknown'})"


def recognized(project: Project) -> str:
    """Return why a project counts as OmniMind's stack, or that it was only named."""
    parts = {
        role: c.service or c.name
        for c in project.containers
        if not c.oneoff and (role := role_of(c.service, c.image, project.name))
    }
    marks = [f"{role} ({parts[role]})" for role in ("qdrant", "redis", "backend", "frontend") if role in parts]
    if not marks:
        return f"project {project.name} has no part of OmniMind: it was chosen by name"
    return f"project {project.name} counts as OmniMind's stack because of its {', '.join(marks)}"
