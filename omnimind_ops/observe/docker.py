"""The container engine: which containers exist, their Compose projects and images.

The engine is the source, never the current folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import compose
from omnimind_ops.observe.projects import Roles, pick_project, recognized, roles
from omnimind_ops.observe.volumes import with_volumes
from omnimind_ops.tools import docker
from omnimind_ops.tools.compose import pairs, services
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run

__all__ = [
    "Roles",
    "container_now",
    "containers",
    "environment",
    "image_env",
    "pick_project",
    "projects",
    "recognized",
    "redis_password",
    "roles",
    "version",
    "volumes",
]

ENV_FILE = "com.docker.compose.project.environment_file"


def version() -> tuple[str, str]:
    """Return the engine's version and "", or "" and why none answers."""
    completed = run(docker.version(), timeout=10, check=False)
    if completed.ok and completed.out.strip():
        return completed.out.strip(), ""
    if completed.code == 127:
        return "", "docker is not installed"
    if completed.code == 124:
        return "", "Docker does not answer within 10 s"
    error = main_line(completed.err.splitlines()) or "it printed no error"
    return "", "this user has no access to it (permission denied)" if "permission denied" in error else error


def containers() -> tuple[Container, ...]:
    """Return every container, stopped ones too, by name; raise Problem when the engine does not answer."""
    ids = run(docker.list_ids(), timeout=30).out.split()
    if not ids:
        return ()
    completed = run(docker.inspect(ids), timeout=60, check=False)
    is_removed = "no such" in completed.err.lower()  # a container removed in the meantime is not a failure
    if not completed.ok and not is_removed:
        raise Problem(
            "cannot read the containers",
            main_line(completed.err.splitlines()) or f"docker inspect exited with {completed.code}",
            "see `docker ps -a`",
        )
    return tuple(sorted(with_volumes(docker.parse_inspect(completed.out)), key=lambda container: container.name))


def volumes() -> frozenset[str]:
    """Return the names of all volumes, anonymous ones too."""
    return frozenset(run(docker.list_volumes(), timeout=30).out.split())


def projects(listed: Sequence[Container] | None = None) -> tuple[Project, ...]:
    """Return the Compose projects by name, each with its file if that can still be read."""
    grouped: dict[str, list[Container]] = defaultdict(list)
    for container in containers() if listed is None else listed:
        if container.project:
            grouped[container.project].append(container)
    return tuple(_project(name, members) for name, members in sorted(grouped.items()))


def environment(container: str) -> Mapping[str, str]:
    """Return a container's environment, running or not; it contains secrets."""
    return container_now(container).env


def redis_password(container: str) -> str:
    """Return the password of a Redis container, "" if neither its command nor Bitnami's environment has one."""
    text = run(docker.inspect((container,)), timeout=30).out
    inspected = docker.parse_inspect(text)[0]
    if password := docker.value_after("--requirepass", docker.command_of(text), inspected.env):
        return password
    if "bitnami" not in inspected.image:  # the official image does not read its environment
        return ""
    return next((inspected.env[name] for name in ("REDIS_PASSWORD", "VALKEY_PASSWORD") if inspected.env.get(name)), "")


def memory_limit(container: str) -> int:
    """Return a container's memory limit in bytes, 0 for none."""
    return docker.memory_limit_of(run(docker.inspect((container,)), timeout=30).out)


def container_now(container: str) -> Container:
    """Return a container as it is now; its environment contains secrets."""
    return docker.parse_inspect(run(docker.inspect((container,)), timeout=30).out)[0]


def image_env(project: Project) -> Mapping[str, frozenset[str]]:
    """Return the variables that each image of a project sets by itself ("NAME=value"), by the image's ID."""
    ids = sorted({container.image_id for container in project.containers if container.image_id})
    return docker.parse_image_env(run(docker.inspect_images(ids), timeout=30, check=False).out) if ids else {}


def _project(name: str, members: Sequence[Container]) -> Project:
    """Return the project, described by its first regular container: services may come from different Compose runs."""
    example = next((member for member in members if not member.oneoff), members[0])
    files = tuple(_existing(file, example.working_dir) for file in example.config_files)
    document = compose.document(name, example.working_dir, files, example.labels.get(ENV_FILE, ""))
    return Project(
        name, example.working_dir, files, tuple(_with_order(member, document) for member in members), document
    )


def _existing(file: str, working_dir: str) -> str:
    """Return the file, or the one of that name in the project's folder: Compose v1 wrote relative paths."""
    beside = Path(working_dir) / Path(file).name
    return str(beside) if not Path(file).is_file() and beside.is_file() else file


def _with_order(container: Container, document: Mapping[str, JSON] | None) -> Container:
    """Return the container with depends_on from the file if it has no label for it (Compose v1)."""
    if container.depends_on:
        return container
    body = services(document or {}).get(container.service, {})
    return replace(container, depends_on=tuple(sorted(pairs(body.get("depends_on")))))
