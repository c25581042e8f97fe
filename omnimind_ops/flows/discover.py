"""Ask the machine and the container engine what is there; everything is read, nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from omnimind_ops import __version__
from omnimind_ops.model.facts import Container, Machine, Project
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.observe import apt, docker, machine
from omnimind_ops.paths import Paths
from omnimind_ops.planning.migration import QdrantSource, RedisSource, Restored, Source
from omnimind_ops.settings import Settings
from omnimind_ops.stores import backup, qdrant
from omnimind_ops.stores.redis import RedisEndpoint
from omnimind_ops.stores.redis_backup import check_backup, read_backup
from omnimind_ops.stores.redis_facts import check_movable, keeps_nothing_on_stop, server_facts
from omnimind_ops.stores.redis_scratch import SERVER
from omnimind_ops.stores.redis_unsupported import refuse, unsupported_keys
from omnimind_ops.stores.redis_versions import plain
from omnimind_ops.stores.redis_way import choose_way
from omnimind_ops.tools.shell import run

QDRANT_STORAGE = PurePosixPath("/qdrant/storage")
QDRANT_PROGRAM = "/qdrant/qdrant"
REDIS_PACKAGE = "redis-server"


@dataclass(frozen=True)
class Asked:
    """What the person asked for on the command line; empty means find out."""

    project: str = ""
    path: Path | None = None
    qdrant_backup: Path | None = None
    qdrant_binary: Path | None = None
    redis_backup: Path | None = None
    redis_empty: bool = False
    qdrant_collection: str = ""
    qdrant_collection_config: Path | None = None


@dataclass(frozen=True)
class Found:
    """All that planning needs."""

    machine: Machine
    project: Project
    source: Source
    goal: Goal
    notes: tuple[str, ...] = field(default=())  # said before anything happens


def discover(asked: Asked, settings: Settings, paths: Paths) -> Found:
    """Return the project, its data and the goal; raises Problem when there is no engine, no project, no way to its data."""
    if settings.qdrant_binary and not asked.qdrant_binary:
        asked = replace(asked, qdrant_binary=Path(settings.qdrant_binary))
    seen = docker.containers() if docker.engine()[0] else ()
    places = (settings.qdrant_home, settings.redis_dir, settings.uploads, str(paths.opt), str(paths.state))
    host = machine.machine(places, containers=seen, python=settings.python)
    if not host.docker:
        raise Problem(
            "cannot migrate from Docker", f"no Docker engine answers: {host.docker_reason}", "start it (systemctl start docker) or run where the containers are"
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


def goal(host: Machine, settings: Settings, asked: Asked, q: QdrantSource | None, paths: Paths) -> Goal:
    """Return the machine as wanted from what was found and what is configured."""
    version = q.version if q else ""
    binary = str(asked.qdrant_binary or "") or (str(paths.stage / f"qdrant-{version}" / "qdrant") if q and q.binary else "")
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
        qdrant_binary=binary,
        qdrant_version=version,
        gpu=host.gpu.lock != "cpu",
        systemd=host.systemd,
    )


def _start_order(containers: tuple[Container, ...]) -> tuple[Container, ...]:
    """Return containers with those that others depend on first."""
    left, done = list(containers), []
    while left:
        ready = [c for c in left if not any(o.service in c.depends_on for o in left if o is not c)] or left[:1]
        done += ready
        left = [c for c in left if c not in ready]
    return tuple(done)


def _address(container: Container, port: int) -> tuple[str, int]:
    for publish in container.ports:
        if publish.container_port == port:
            return (publish.host_ip if publish.host_ip not in ("", "0.0.0.0", "::") else "127.0.0.1"), publish.host_port  # noqa: S104
    if container.ip:
        return container.ip, port
    raise Problem(f"cannot reach {container.name}", f"it publishes no port {port} and has no address", "start it: docker start " + container.name)


def _running(container: Container) -> None:
    if not container.running:
        raise Problem(f"cannot read {container.name}", "the container does not run", f"start it: docker start {container.name}; or pass a backup")


def qdrant_source(container: Container | None, asked: Asked, notes: list[str]) -> QdrantSource:
    """Return where Qdrant's data and program come from; Problem when the program given may not open what the container's wrote."""
    given = asked.qdrant_binary
    packed = restored(container, asked, notes)
    if container is None:
        if not given:
            raise Problem("cannot install Qdrant", "there is no Qdrant container to take the program from", "pass --qdrant-binary PATH (the musl release)")
        source = QdrantSource("", "", "", "", "", _version(run((str(given), "--version")).out), packed)
    else:
        source = _contained(container, given, packed)
    if packed:
        notes.append(
            f"no backup tells which Qdrant wrote it: Qdrant {source.version or 'of an unknown version'}, which will serve it, loads it before anything stops"
        )
    return source


def restored(container: Container | None, asked: Asked, notes: list[str]) -> Restored | None:
    """Return the backup asked for; Problem when it cannot be used, or the options for it do not fit."""
    path, file = asked.qdrant_backup, asked.qdrant_collection_config
    if path is None:
        if asked.qdrant_collection or file:
            option = "--qdrant-collection" if asked.qdrant_collection else "--qdrant-collection-config"
            raise Problem(f"cannot use {option}", "it is about a backup, and none was given", "pass --qdrant-backup PATH with it", code=ExitCode.USAGE)
        return None
    config = backup.read_config(file) if file else None

    def config_of(name: str) -> Mapping[str, JSON] | None:
        return config or (qdrant.collection_config(_endpoint(container), name) if container else None)

    found = backup.recognise(path, asked.qdrant_collection or None, config_of)
    notes.append(f"Qdrant's data comes from {path} ({found.kind}), not from the container")
    notes += [f"{path}: {note}" for note in found.notes]
    if found.kind is not backup.BackupKind.SHARD:
        if file:
            raise Problem(
                f"cannot use {file} as a configuration",
                f"{path} is a {found.kind}, which holds its own",
                "leave --qdrant-collection-config out; it is for a shard snapshot",
                code=ExitCode.USAGE,
            )
        return Restored(str(path), asked.qdrant_collection, room=found.stored + backup.room(found))
    (name,) = found.collections
    if not config:
        notes.append(f"the configuration of {name} comes from the running Qdrant: a shard snapshot holds none")
    return Restored(str(path), name, config_of(name), found.stored + backup.room(found))


def _endpoint(container: Container) -> qdrant.QdrantEndpoint:
    _running(container)
    host, port = _address(container, 6333)
    return qdrant.QdrantEndpoint(f"http://{host}:{port}", container.env.get("QDRANT__SERVICE__API_KEY") or None)


def _contained(container: Container, given: Path | None, packed: Restored | None) -> QdrantSource:
    endpoint = _endpoint(container)
    url, key = endpoint.url, endpoint.api_key
    wrote = qdrant.version(endpoint)
    version = _version(run((str(given), "--version")).out) if given else wrote
    if not packed and (problem := qdrant.version_problem(wrote, version)):
        raise problem
    storage = "" if packed else _storage(container)
    if storage and given:
        qdrant.refuse_rocksdb(qdrant.storage_facts(Path(storage)))
    return QdrantSource(container.id, url, container.id if key else "", storage, "" if given else QDRANT_PROGRAM, version, packed)


def _version(said: str) -> str:
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found.group() if found else ""


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


def _redis(container: Container | None, asked: Asked, notes: list[str]) -> RedisSource:
    target = redis_candidate()
    if asked.redis_backup:
        check_backup(asked.redis_backup, read_backup(asked.redis_backup), target)
        return RedisSource("", "", 0, "", "rdb", f"from {asked.redis_backup}", backup=str(asked.redis_backup), target_version=target)
    assert container is not None
    if asked.redis_empty:
        notes.append("native Redis starts empty, as asked; the old keys stay in the container")
        return RedisSource(container.id, "", 0, "", "empty", "as asked")
    _running(container)
    host, port = _address(container, 6379)
    endpoint = RedisEndpoint(host, port, password=docker.redis_password(container.id))
    facts = server_facts(endpoint)
    check_movable(facts, lambda event: notes.append(event.text))
    way = choose_way(facts, target)
    if way.name == "logical":
        refuse(unsupported_keys(endpoint, target))
    save = keeps_nothing_on_stop(facts)
    if save:
        notes.append('the old Redis keeps nothing when it stops (save "", no AOF): it is asked to save first, into its own folder')
    return RedisSource(container.id, host, port, container.id, way.name, way.reason, save, target_version=target)


def redis_candidate() -> str:
    """Return the version of Redis that is installed or that apt would install; it decides how the keys are copied."""
    installed = run((SERVER, "--version"), check=False)
    if installed.ok:
        return _version(installed.out)
    offered = apt.candidate(REDIS_PACKAGE)
    if not offered.version:
        why = f"apt knows no package {REDIS_PACKAGE}" + (f":\n{offered.said}" if offered.said else "")
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
                notes.append(f"{place} is mounted into {container.name} and holds the compose file itself: it is taken for code and not copied")
            else:
                folders.add(mount.source)
    return tuple(sorted(folders))
