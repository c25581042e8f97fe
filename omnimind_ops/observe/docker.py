"""The container engine: which containers exist, their Compose projects and images.

The engine is the source, never the current folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import compose, old_passwords
from omnimind_ops.observe.host_ports import with_host_ports
from omnimind_ops.observe.projects import Roles, pick_project, recognized, roles
from omnimind_ops.observe.volumes import with_volumes
from omnimind_ops.tools import docker
from omnimind_ops.tools.compose import pairs, seconds, services
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run

__all__ = [
    "Roles",
    "container_now",
    "containers",
    "image_environments",
    "pick_project",
    "projects",
    "qdrant_key",
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
    listed = with_host_ports(with_volumes(docker.parse_inspect(completed.out)))
    return tuple(sorted(listed, key=lambda container: container.name))


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


def redis_password(container: str) -> str:
    """Return the password of a Redis container, "" for none."""
    return old_passwords.redis_password(container_now(container))


def qdrant_key(container: str) -> str:
    """Return the API key of a Qdrant container, "" for none."""
    return old_passwords.qdrant_key(container_now(container))


def memory_limit(container: str) -> int:
    """Return a container's memory limit in bytes, 0 for none."""
    return docker.memory_limit_of(run(docker.inspect((container,)), timeout=30).out)


def container_now(container: str) -> Container:
    """Return a container as it is now; its environment contains secrets."""
    answer = run(docker.inspect((container,)), timeout=30, check=False)
    found = with_host_ports(docker.parse_inspect(answer.out))
    if found:
        return found[0]
    why = "it was removed" if "no such" in answer.err.lower() else main_line(answer.err.splitlines())
    fix = (
        "see `docker ps -a`; if the containers were created again, run `omnimind migrate --from-docker` for a new plan"
    )
    raise Problem(f"cannot inspect container {container[:12]}", why, fix)


def image_environments(ids: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Return the variables that images set by themselves, by the image's ID; none of an image that is gone."""
    images = sorted({image for image in ids if image})
    return docker.parse_images(run(docker.inspect_images(images), timeout=30, check=False).out) if images else {}


def _project(name: str, members: Sequence[Container]) -> Project:
    """Return the project, described by its first regular container: services may come from different Compose runs."""
    example = next((member for member in members if not member.oneoff), members[0])
    files = tuple(_existing(file, example.working_dir) for file in example.config_files)
    document = compose.document(name, example.working_dir, files, example.labels.get(ENV_FILE, ""))
    return Project(
        name, example.working_dir, files, tuple(_with_file(member, document) for member in members), document
    )


def _existing(file: str, working_dir: str) -> str:
    """Return the file, or the one of that name in the project's folder: Compose v1 wrote relative paths."""
    beside = Path(working_dir) / Path(file).name
    return str(beside) if not Path(file).is_file() and beside.is_file() else file


def _with_file(container: Container, document: Mapping[str, JSON] | None) -> Container:
    """Return the container with what Compose v1 leaves in the file: depends_on, and the time to stop."""
    body = services(document or {}).get(container.service, {})
    order = container.depends_on or tuple(sorted(pairs(body.get("depends_on"))))
    timeout = seconds(body.get("stop_grace_period")) if container.stop_timeout is None else container.stop_timeout
    return replace(container, depends_on=order, stop_timeout=timeout)
