"""Use case: inspect the machine and the container engine; read-only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from omnimind_ops import __version__
from omnimind_ops.flows import program
from omnimind_ops.flows.container_endpoints import address, qdrant_endpoint, running
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.qdrant_backup import restored
from omnimind_ops.model.facts import Container, Machine, Project
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import LibrarySource
from omnimind_ops.observe import apt, docker, machine
from omnimind_ops.paths import Paths
from omnimind_ops.planning.check_disk import PACKAGES
from omnimind_ops.planning.migration import BackupToRestore, QdrantSource, RedisSource, Source
from omnimind_ops.settings import Settings
from omnimind_ops.stores.qdrant.facts import version as qdrant_version
from omnimind_ops.stores.qdrant.storage import refuse_rocksdb, storage_facts
from omnimind_ops.stores.qdrant.versions import version_problem
from omnimind_ops.stores.redis.backup import check_backup, read_backup
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import check_movable, keeps_nothing_on_stop, server_facts
from omnimind_ops.stores.redis.method import choose_method
from omnimind_ops.stores.redis.scratch import SERVER
from omnimind_ops.stores.redis.unsupported import refuse, unsupported_keys
from omnimind_ops.stores.redis.versions import plain
from omnimind_ops.tools.program import PROGRAM, STATIC
from omnimind_ops.tools.shell import run

QDRANT_STORAGE = PurePosixPath("/qdrant/storage")
REDIS_PACKAGE = "redis-server"


@dataclass(frozen=True)
class Found:
    """Everything that planning needs."""

    machine: Machine
    project: Project
    source: Source
    goal: Goal
    notes: tuple[str, ...] = field(default=())  # shown before anything happens


def discover(asked: MigrateOptions, settings: Settings, paths: Paths) -> Found:
    """Return the project, its data and the desired state.

    Raises Problem when there is no engine, no project or no access to its data.
    """
    if settings.qdrant_binary and not asked.qdrant_binary:
        asked = replace(asked, qdrant_binary=Path(settings.qdrant_binary))
    seen = docker.containers() if docker.version()[0] else ()
    places = (settings.qdrant_home, settings.redis_dir, settings.uploads, str(paths.opt), str(paths.state), *PACKAGES)
    host = machine.machine(places, containers=seen, python=settings.python)
    if not host.docker:
        raise Problem(
            "cannot migrate from Docker",
            f"no Docker engine answers: {host.docker_reason}",
            "start it (systemctl start docker) or run where the containers are",
        )
    project = docker.pick_project(docker.projects(seen), asked.project or settings.project or None, asked.path)
    roles = docker.roles(project)
    notes: list[str] = []
    q = qdrant_source(roles.qdrant, asked, notes) if roles.qdrant or asked.qdrant_backup else None
    r = _redis(roles.redis, asked, notes) if roles.redis or asked.redis_backup else None
    data = {c.id for c in (roles.qdrant, roles.redis, roles.postgres) if c}
    order = _start_order(project.containers)
    source = Source(
        project=project.name,
        containers=tuple(c.id for c in order),
        writers=tuple(c.id for c in order if c.id not in data),
        holders=tuple(c.id for c in order if c.id in data),
        ports=tuple(sorted({p.host_port for c in order for p in c.ports if p.protocol == "tcp"})),
        uploads=_uploads(order, data, project, notes),
        qdrant=q,
        redis=r,
    )
    return Found(host, project, source, goal(host, settings, asked, q, paths), tuple(notes))


def goal(host: Machine, settings: Settings, asked: MigrateOptions, q: QdrantSource | None, paths: Paths) -> Goal:
    """Return the desired state of the machine from what was discovered and what is configured."""
    version = q.version if q else ""
    staged = paths.stage / f"qdrant-{version}"
    return Goal(
        backend_ports=settings.backend_ports,
        workers=settings.workers,
        frontend_port=settings.frontend_port,
        redis_port=settings.redis_port,
        postgres_port=settings.postgres_port,
        qdrant_port=settings.qdrant_port,
        uploads=settings.uploads,
        qdrant_home=settings.qdrant_home,
        redis_dir=settings.redis_dir,
        user=settings.user,
        database=settings.database,
        collection=settings.collection,
        model=settings.model,
        mode=settings.mode,
        open_reads=settings.open_reads,
        version=__version__,
        python=host.python,
        lock=settings.lock or host.gpu.lock,
        wheelhouse=settings.wheelhouse,
        qdrant_binary=str(staged / PROGRAM) if q else str(asked.qdrant_binary or ""),
        qdrant_packages=q.start.packages if q and q.start else (),
        qdrant_version=version,
        qdrant_static=str(staged / STATIC) if q and q.static else "",
        gpu=host.gpu.lock != "cpu",
        systemd=host.systemd,
    )


def _start_order(containers: tuple[Container, ...]) -> tuple[Container, ...]:
    """Return the containers, dependencies first."""
    left, done = list(containers), []
    while left:
        ready = [c for c in left if not any(o.service in c.depends_on for o in left if o is not c)] or left[:1]
        done += ready
        left = [c for c in left if c not in ready]
    return tuple(done)


def qdrant_source(container: Container | None, asked: MigrateOptions, notes: list[str]) -> QdrantSource:
    """Return the source of Qdrant's data and program.

    Raises Problem when the given program must not open what the container's wrote.
    """
    given = asked.qdrant_binary
    packed = restored(container, asked, notes)
    if container is None:
        if not given:
            raise Problem(
                "cannot install Qdrant",
                "there is no Qdrant container to take the program from",
                "pass --qdrant-binary PATH (the musl release)",
            )
        own = program.given(given)
        source = QdrantSource("", "", "", "", "", own.version, packed, str(given), own.start)
    else:
        source = _contained(container, given, packed)
    if source.start and source.start.way in (LibrarySource.PACKAGES, LibrarySource.BUNDLED):
        notes.append(f"Qdrant's program {source.start.reason}")
    if packed:
        notes.append(
            f"no backup tells which Qdrant wrote it: Qdrant {source.version or 'of an unknown version'}, which will serve it, loads it before anything stops"
        )
    return source


def _contained(container: Container, given: Path | None, packed: BackupToRestore | None) -> QdrantSource:
    endpoint = qdrant_endpoint(container)
    wrote = qdrant_version(endpoint)
    own = program.given(given) if given else None
    version = own.version if own else wrote
    if not packed and (problem := version_problem(wrote, version)):
        raise problem
    storage = "" if packed else _storage(container)
    if storage and given:
        refuse_rocksdb(storage_facts(Path(storage)))
    taken = own or program.of_container(container)
    return QdrantSource(
        container.id,
        endpoint.url,
        container.id if endpoint.api_key else "",
        storage,
        "" if given else program.PROGRAM,
        version,
        packed,
        str(given or ""),
        taken.start,
        program.web_ui(container),
    )


def _storage(container: Container) -> str:
    for mount in sorted(container.mounts, key=lambda m: -len(m.target)):
        inside = PurePosixPath(mount.target)
        if inside == QDRANT_STORAGE or inside in QDRANT_STORAGE.parents:
            return str(Path(mount.source) / QDRANT_STORAGE.relative_to(inside))
    raise Problem(
        "cannot find Qdrant's data on this host",
        f"nothing is mounted at {QDRANT_STORAGE} in {container.name}: its data lives inside the container",
        "make a full snapshot (POST /snapshots), copy it out and pass --qdrant-backup FILE",
    )


def _redis(container: Container | None, asked: MigrateOptions, notes: list[str]) -> RedisSource:
    target = redis_candidate()
    if asked.redis_backup:
        check_backup(asked.redis_backup, read_backup(asked.redis_backup), target)
        return RedisSource(
            "", "", 0, "", "rdb", f"from {asked.redis_backup}", backup=str(asked.redis_backup), target_version=target
        )
    assert container is not None
    if asked.redis_empty:
        notes.append("native Redis starts empty, as asked; the old keys stay in the container")
        return RedisSource(container.id, "", 0, "", "empty", "as asked")
    running(container)
    host, port = address(container, 6379)
    endpoint = RedisEndpoint(host, port, password=docker.redis_password(container.id))
    facts = server_facts(endpoint)
    check_movable(facts, lambda event: notes.append(event.text))
    way = choose_method(facts, target)
    if way.name == "logical":
        refuse(unsupported_keys(endpoint, target))
    save = keeps_nothing_on_stop(facts)
    if save:
        notes.append(
            'the old Redis keeps nothing when it stops (save "", no AOF): it is asked to save first, into its own folder'
        )
    return RedisSource(container.id, host, port, container.id, way.name, way.reason, save, target_version=target)


def redis_candidate() -> str:
    """Return the Redis version that is installed or that apt would install; it decides how the keys are copied."""
    installed = run((SERVER, "--version"), check=False)
    if installed.ok:
        return program.version_of(installed.out)
    offered = apt.candidate(REDIS_PACKAGE)
    if not offered.version:
        why = f"apt knows no package {REDIS_PACKAGE}" + (f":\n{offered.output}" if offered.output else "")
        raise Problem(
            "cannot find a Redis to install",
            why,
            "see what `apt-get update` says: /etc/apt/sources.list, the network, a proxy; then run the same command again",
        )
    return plain(offered.version)


def _uploads(containers: tuple[Container, ...], data: set[str], project: Project, notes: list[str]) -> tuple[str, ...]:
    """Return the folders that the other containers write to; source code mounted for development is not data."""
    code = Path(project.working_dir)
    folders: set[str] = set()
    for container in containers:
        if container.id in data or container.oneoff:
            continue
        for mount in container.mounts:
            place = Path(mount.source)
            if not mount.writable or mount.anonymous or not place.is_dir():
                continue
            if place == code or place in code.parents:
                notes.append(
                    f"{place} is mounted into {container.name} and holds the compose file itself: it is taken for code and not copied"
                )
            else:
                folders.add(mount.source)
    return tuple(sorted(folders))
