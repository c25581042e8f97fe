"""Use case: inspect the machine and the container engine; read-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from omnimind_ops import __version__
from omnimind_ops.flows import data_folders, qdrant_program, qdrant_shape
from omnimind_ops.flows.container_endpoints import qdrant_endpoint
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.qdrant_backup import backup_to_restore
from omnimind_ops.flows.qdrant_settings import settings_of
from omnimind_ops.flows.redis_source import redis_source
from omnimind_ops.flows.store_logins import Logins, log_in
from omnimind_ops.flows.upload_folders import Uploads, upload_folders
from omnimind_ops.model.facts import Container, Machine, Project, Starter
from omnimind_ops.model.goal import Goal, RedisSettings
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import LibrarySource
from omnimind_ops.model.system import shared
from omnimind_ops.observe import docker, firewall, machine
from omnimind_ops.observe.disks import disks
from omnimind_ops.observe.engine import refuse_other_engines
from omnimind_ops.observe.inner_ports import with_inner_ports
from omnimind_ops.observe.starters import starters
from omnimind_ops.paths import Paths
from omnimind_ops.planning import published
from omnimind_ops.planning.check_disk import PACKAGES, POSTGRES_DATA
from omnimind_ops.planning.grace import graces
from omnimind_ops.planning.migration import targets
from omnimind_ops.planning.source import BackupToRestore, QdrantSource, RedisSource, Source
from omnimind_ops.settings import Settings
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.facts import version as qdrant_version
from omnimind_ops.stores.qdrant.storage import refuse_rocksdb, storage_facts
from omnimind_ops.stores.qdrant.versions import version_problem
from omnimind_ops.tools.images import ROLES
from omnimind_ops.tools.program import PROGRAM, STATIC

QDRANT_STORAGE = PurePosixPath("/qdrant/storage")
AS_BEFORE = "as-before"
ANY_ADDRESS = "any-address"
"""The backends and the page accept every numeric address as their own: backend/http/middleware/hosts.py."""


@dataclass(frozen=True)
class Discovery:
    """Everything that planning needs."""

    machine: Machine
    project: Project
    source: Source
    goal: Goal
    notes: tuple[str, ...] = field(default=())  # shown before anything happens
    starters: tuple[Starter, ...] = ()
    logins: Logins = field(default=Logins(), repr=False)
    roles: Mapping[str, str] = field(default_factory=dict)  # of the containers that native services replace, by ID
    others: tuple[Container, ...] = ()  # that belong to other projects, or to none
    open_ports: tuple[str, ...] = ()  # addresses that other hosts can reach now, of ports that native services get

    @property
    def beside(self) -> frozenset[str]:
        """Return the names of the project's containers that the cutover does not stop."""
        stopping = {*self.source.writers, *self.source.holders}
        return frozenset(c.name for c in self.project.containers if c.id not in stopping)


def discover(options: MigrateOptions, settings: Settings, paths: Paths) -> Discovery:
    """Return the project, its data and the desired state.

    Raises Problem when there is no engine, no project or no access to its data.
    """
    if settings.qdrant_binary and not options.qdrant_binary:
        options = replace(options, qdrant_binary=Path(settings.qdrant_binary))
    containers = docker.containers() if docker.version()[0] else ()
    places = (settings.qdrant_home, settings.redis_dir, settings.uploads, str(paths.opt), str(paths.state), *PACKAGES)
    host = machine.machine(places, containers=containers, python=settings.python)
    if not host.docker:
        raise Problem(
            "cannot migrate from Docker",
            f"no Docker engine answers: {host.docker_reason}",
            "start it (systemctl start docker), or run this on the host of the containers",
        )
    refuse_other_engines()
    project = with_inner_ports(
        docker.pick_project(docker.projects(containers), options.project or settings.project or None, options.path)
    )
    roles = docker.roles(project, {"redis": options.redis_service, "qdrant": options.qdrant_service})
    by_role = by_role_of(roles)
    settings = published.as_published(settings, by_role)
    logins = log_in(roles, project.containers, options)
    notes = [docker.recognized(project), *roles.notes]
    qdrant = redis = None
    if roles.qdrant or options.qdrant_backup:
        qdrant = qdrant_source(roles.qdrant, options, notes, logins.qdrant)
    if roles.redis or options.redis_backup:
        redis = redis_source(roles.redis, options, notes, logins.redis)
    found = starters(project)
    uploads = upload_folders(project, roles, qdrant.storage if qdrant else "", settings.upload_folders)
    source = replace(
        _source(project, roles, uploads, (*settings.backend_ports, settings.frontend_port)),
        qdrant=qdrant,
        redis=redis,
        starters=tuple(starter.name for starter in found if starter.unit),
    )
    notes += uploads.notes
    wanted = replace(
        goal(host, settings, options, qdrant, redis, paths), qdrant_grpc_port=published.grpc_port(roles.qdrant)
    )
    discovery = Discovery(host, project, source, wanted, tuple(notes), found, logins)
    return _with_folders(listening(_with_surroundings(discovery, by_role, containers, options), options.listen), places)


def _source(project: Project, roles: docker.Roles, uploads: Uploads, ports: Sequence[int]) -> Source:
    """Return what the containers are; `ports` are those of the native pages."""
    data = {c.id for c in (roles.qdrant, roles.redis, roles.postgres) if c}
    order = _start_order(project.containers)
    moved = (("qdrant", roles.qdrant), ("redis", roles.redis), ("backend", roles.backend))
    return Source(
        project=project.name,
        containers=tuple(c.id for c in order),
        writers=tuple(c.id for c in order if c.id not in data),
        holders=tuple(c.id for c in order if c.id in data),
        ports=tuple(sorted({p.host_port for c in order for p in c.ports if p.protocol == "tcp"})),
        graces=graces(order, data),
        uploads=tuple(uploads.folders),
        qdrant=None,
        redis=None,
        pages=_pages((c for c in order if c.id not in data), ports),
        upload_names=uploads.folders,
        files=uploads.files,
        backend=roles.backend.id if roles.backend else "",
        services={container.service: role for role, container in moved if container and container.service},
    )


def _with_surroundings(
    found: Discovery,
    by_role: Mapping[str, tuple[Container, ...]],
    containers: Iterable[Container],
    options: MigrateOptions,
) -> Discovery:
    """Return the discovery with what is replaced, who else is there, and what other hosts can reach now."""
    ports = published.open_to_the_network(found.goal, by_role)
    text = firewall.note(ports) if options.listen != "loopback" else ""
    return replace(
        found,
        notes=(*found.notes, text) if text else found.notes,
        roles={container.id: role for role, members in by_role.items() for container in members},
        others=tuple(container for container in containers if container.project != found.project.name),
        open_ports=ports,
    )


def by_role_of(roles: docker.Roles) -> dict[str, tuple[Container, ...]]:
    """Return the containers that native services replace, by role."""
    found = {role: getattr(roles, role) for role in ROLES}
    return {role: (container,) for role, container in found.items() if container}


def listening(found: Discovery, choice: str) -> Discovery:
    """Return the discovery with the addresses that the native services listen on: `as-before`, or loopback only."""
    entries = found.open_ports if choice == AS_BEFORE else ()
    name = found.machine.hostname.lower()
    hosts = (ANY_ADDRESS, name, f"{name}.local") if entries else ()
    return replace(found, goal=replace(found.goal, listen=entries, hosts=hosts))


def _with_folders(found: Discovery, places: tuple[str, ...]) -> Discovery:
    """Return the discovery with what its target folders are, and the file systems of these and of `places`."""
    source = data_folders.with_folders(found.source, found.goal)
    folders = (*targets(source, found.goal), POSTGRES_DATA)
    host = replace(found.machine, disks=disks((*places, *folders)))
    notes = (*found.notes, *data_folders.notes(host.disks, folders))
    return replace(found, machine=host, source=source, notes=notes)


def goal(
    host: Machine,
    settings: Settings,
    options: MigrateOptions,
    qdrant: QdrantSource | None,
    redis: RedisSource | None,
    paths: Paths,
) -> Goal:
    """Return the desired state of the machine from what was discovered and what is configured."""
    version = qdrant.version if qdrant else ""
    staged = paths.stage / f"qdrant-{version}"
    return Goal(
        **shared(settings),
        version=__version__,
        python=host.python,
        lock=settings.lock or host.gpu.lock,
        qdrant_binary=str(staged / PROGRAM) if qdrant else str(options.qdrant_binary or ""),
        qdrant_packages=qdrant.start.packages if qdrant and qdrant.start else (),
        qdrant_version=version,
        qdrant_settings=qdrant.settings if qdrant else (),
        qdrant_static=str(staged / STATIC) if qdrant and qdrant.static else "",
        redis=redis.settings if redis else RedisSettings(),
        gpu=host.gpu.lock != "cpu",
        systemd=host.systemd,
    )


def _pages(writers: Iterable[Container], ports: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Return the published addresses whose ports the native services will have; HTTP is spoken on them."""
    published = (p for c in writers if c.running for p in c.ports if p.protocol == "tcp" and p.host_port in ports)
    return tuple(sorted({(p.host_ip or "0.0.0.0", p.host_port) for p in published}))  # noqa: S104 compared, not bound


def _start_order(containers: tuple[Container, ...]) -> tuple[Container, ...]:
    """Return the containers, dependencies first."""
    remaining, ordered = list(containers), []
    while remaining:
        ready = [
            c for c in remaining if not any(o.service in c.depends_on for o in remaining if o is not c)
        ] or remaining[:1]
        ordered += ready
        remaining = [c for c in remaining if c not in ready]
    return tuple(ordered)


def qdrant_source(
    container: Container | None, options: MigrateOptions, notes: list[str], endpoint: QdrantEndpoint | None = None
) -> QdrantSource:
    """Return the source of Qdrant's data and program; `endpoint` is the server of the container, logged in.

    Raises Problem when the given program must not open what the container's wrote.
    """
    binary = options.qdrant_binary
    backup = backup_to_restore(container, options, notes)
    if container is None:
        if not binary:
            raise Problem(
                "cannot install Qdrant",
                "there is no Qdrant container to copy the program from",
                "pass --qdrant-binary PATH (the musl release)",
            )
        replacement = qdrant_program.from_path(binary)
        source = QdrantSource("", "", "", "", "", replacement.version, backup, str(binary), replacement.start)
    else:
        source = _source_in_container(container, endpoint or qdrant_endpoint(container), binary, backup, notes)
    if source.start and source.start.way in (LibrarySource.PACKAGES, LibrarySource.BUNDLED):
        notes.append(f"Qdrant's program {source.start.reason}")
    if backup:
        notes.append(
            "the backup does not record which Qdrant version wrote it; "
            f"Qdrant {source.version or '(unknown version)'}, which will serve it, loads it before anything stops"
        )
    return source


def _source_in_container(
    container: Container,
    endpoint: QdrantEndpoint,
    binary: Path | None,
    backup: BackupToRestore | None,
    notes: list[str],
) -> QdrantSource:
    notes += qdrant_shape.notes(container, endpoint, moves=not backup)
    version_of_data = qdrant_version(endpoint)
    replacement = qdrant_program.from_path(binary) if binary else None
    version = replacement.version if replacement else version_of_data
    if not backup and (problem := version_problem(version_of_data, version)):
        raise problem
    storage = "" if backup else data_folders.followed(_storage(container), notes)
    if storage and binary:
        refuse_rocksdb(storage_facts(Path(storage)))
    program_to_install = replacement or qdrant_program.from_container(container)
    return QdrantSource(
        container.id,
        endpoint.url,
        container.id if endpoint.api_key else "",
        storage,
        "" if binary else qdrant_program.PROGRAM,
        version,
        backup,
        str(binary or ""),
        program_to_install.start,
        qdrant_program.web_ui(container),
        settings_of(container),
    )


def _storage(container: Container) -> str:
    for mount in sorted(container.mounts, key=lambda m: -len(m.target)):
        inside = PurePosixPath(mount.target)
        if inside == QDRANT_STORAGE or inside in QDRANT_STORAGE.parents:
            return str(Path(mount.source) / QDRANT_STORAGE.relative_to(inside))
    raise Problem(
        "cannot find Qdrant's data on this host",
        f"nothing is mounted at {QDRANT_STORAGE} in {container.name}: its data is inside the container",
        "make a full snapshot (POST /snapshots), copy it out and pass --qdrant-backup FILE",
    )
