"""Which folders and files of the old backend are its data: what its containers may write to, but for code and caches.

Whatever is left out stays where it is, and the plan says why. docs/decisions/040-stacks-of-other-shapes.md
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from omnimind_ops.model.facts import Container, Mount, Project
from omnimind_ops.observe.docker import Roles
from omnimind_ops.planning.source import SingleFiles
from omnimind_ops.tools.images import role_of

CODE = frozenset(
    (".git", ".env", "Dockerfile", "pyproject.toml", "setup.py", "requirements.txt", "package.json", "go.mod",
     "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
)  # fmt: skip
"""A folder with one of these is source code, or the project itself."""
CACHES = frozenset(
    ("cache", ".cache", "caches", "huggingface", ".huggingface", "hf_cache", "torch", "models", ".ollama", "node_modules",
     "__pycache__", "tmp", "logs", "log")
)  # fmt: skip
TEXTS = frozenset(
    (".py", ".js", ".ts", ".sh", ".conf", ".cfg", ".ini", ".toml", ".yml", ".yaml", ".env", ".pem", ".crt", ".key")
)
"""A single file that ends so is configuration or code."""
SYSTEM = tuple(map(PurePosixPath, ("/run", "/var/run", "/etc", "/proc", "/sys", "/dev")))


@dataclass
class Uploads:
    """Folders by path with their names, single files, and what is left out and why."""

    folders: dict[str, str] = field(default_factory=dict)
    files: tuple[SingleFiles, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """A folder or file of this host, where a container sees it."""

    path: Path
    inside: PurePosixPath
    container: str


def upload_folders(project: Project, roles: Roles, storage: str, wanted: Collection[str]) -> Uploads:
    """Return what is moved. `storage` is Qdrant's; `wanted` are paths of the person's own choice."""
    found = Uploads()
    stores = tuple(_stores(roles, storage))
    folders: dict[Path, Candidate] = {}
    files: dict[Path, Candidate] = {}
    for candidate in _mounted(project, wanted, found.notes):
        why = "" if wanted else _why_not(candidate, Path(project.working_dir))
        if why:
            found.notes.append(f"{candidate.path} ({candidate.container} {candidate.inside}) is not copied: {why}")
            continue
        for part in _apart(candidate, stores, found.notes):
            (folders if part.path.is_dir() else files).setdefault(part.path, part)
    nested = {path for path in folders if any(parent in folders for parent in path.parents)}
    found.folders = _named([folder for path, folder in sorted(folders.items()) if path not in nested])
    found.files = _grouped([file for path, file in sorted(files.items()) if not set(path.parents) & folders.keys()])
    return found


def backends(project: Project) -> Iterator[Container]:
    """Yield the backend's containers, and those that run its image (workers)."""
    own = [c for c in project.containers if role_of(c.service, c.image, project.name) == "backend"]
    images = {image for c in own for image in (c.image, c.image_id) if image}
    return (c for c in project.containers if not c.oneoff and (c in own or {c.image, c.image_id} & images))


def _mounted(project: Project, wanted: Collection[str], notes: list[str]) -> Iterator[Candidate]:
    """Yield what the backend's containers may write to, links followed."""
    for container in backends(project):
        for mount in container.mounts:
            names = {mount.target, mount.source, mount.name} - {""}
            if not mount.writable or mount.anonymous or not _is_data(mount):
                continue
            real = Path(os.path.realpath(mount.source))
            if wanted and not {*names, str(real)} & set(wanted):
                notes.append(f"{mount.source} ({container.name} {mount.target}) is not copied: see upload_folders")
                continue
            if str(real) != os.path.normpath(mount.source):
                notes.append(f"{mount.source} is a link; its data is read at {real}")
            yield Candidate(real, PurePosixPath(mount.target), container.name)


def _is_data(mount: Mount) -> bool:
    target, source = PurePosixPath(mount.target), Path(mount.source)
    return (source.is_dir() or source.is_file()) and not any(target.is_relative_to(folder) for folder in SYSTEM)


def _why_not(candidate: Candidate, compose_folder: Path) -> str:
    path = candidate.path
    if path.is_file():
        return "it is configuration or code" if path.suffix in TEXTS or path.name in CODE else ""
    if path == compose_folder or path in compose_folder.parents:
        return "it contains the compose file; it is treated as code"
    if code := next((name for name in sorted(CODE) if (path / name).exists()), ""):
        return f"it contains {code}; it is treated as code"
    if {path.name.lower(), candidate.inside.name.lower()} & CACHES or ".cache" in candidate.inside.parts:
        return "by its name it is a cache, models or logs (to move it all the same: upload_folders)"
    return ""


def _stores(roles: Roles, storage: str) -> Iterator[Path]:
    """Yield the folders of the stores' own data, which are moved by the stores, or stay."""
    if storage:
        yield Path(os.path.realpath(storage))
    for store in (roles.qdrant, roles.redis, roles.postgres):
        for mount in store.mounts if store else ():
            if mount.writable and Path(mount.source).is_dir():
                yield Path(os.path.realpath(mount.source))


def _apart(candidate: Candidate, stores: Collection[Path], notes: list[str]) -> Iterator[Candidate]:
    """Yield the candidate, or its parts where it contains the data of a store."""
    path = candidate.path
    if store := next((store for store in stores if path.is_relative_to(store)), None):
        notes.append(
            f"{path} ({candidate.container} {candidate.inside}) is not copied again: {store} is a store's data"
        )
    elif path.is_dir() and any(store.is_relative_to(path) for store in stores):
        for child in sorted(path.iterdir()):
            part = Candidate(child, candidate.inside / child.name, candidate.container)
            if child.is_symlink() or not (child.is_dir() or child.is_file()):
                notes.append(f"{child} is not copied: it is a link or no regular file")
            else:
                yield from _apart(part, stores, notes)
    else:
        yield candidate


def _named(folders: Collection[Candidate]) -> dict[str, str]:
    """Return the names of folders: as the container calls them, with their parents where two have the same."""
    names = [folder.inside.name for folder in folders]
    return {
        str(folder.path): name if names.count(name) == 1 and name else _joined(folder.inside)
        for folder, name in zip(folders, names, strict=True)
    }


def _joined(inside: PurePosixPath) -> str:
    return "-".join(inside.parts[1:]) or "root"


def _grouped(files: Collection[Candidate]) -> tuple[SingleFiles, ...]:
    groups: dict[tuple[str, str], list[str]] = {}
    for file in files:
        groups.setdefault((str(file.path.parent), _joined(file.inside.parent)), []).append(file.path.name)
    return tuple(SingleFiles(folder, tuple(names), name) for (folder, name), names in sorted(groups.items()))
