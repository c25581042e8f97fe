"""Use case: start OmniMind.

Start at up(); _native() and _embedded() are specific to a mode, startup/bring_up.py is shared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops import managers, world
from omnimind_ops.embedded import census, daemon, home, model, postgres, prepare, schema, wheels
from omnimind_ops.embedded.home import Home
from omnimind_ops.embedded.programs import backend
from omnimind_ops.flows import down, gpu_gate, port_check
from omnimind_ops.flows.startup.bring_up import Up, bring_up
from omnimind_ops.flows.startup.items import Task
from omnimind_ops.flows.startup.log import StartLog
from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings


def up(
    settings: Settings,
    paths: Paths,
    tell: Tell,
    *,
    free_ports: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Up:
    """Start what does not run and wait until everything is ready.

    A Problem names the service that is not ready and shows its last log lines. The caller holds the lock. An
    interruption reports what runs (ExitCode.INTERRUPTED) and leaves that running.
    """
    words = os.environ if environment is None else environment
    if is_native(paths):
        return _native(settings, paths, words, tell)
    return _embedded(settings, home.place(words), words, tell, free_ports)


def is_native(paths: Paths) -> bool:
    """Return whether systemd runs OmniMind here."""
    return (paths.root / "etc/systemd/system/omnimind.target").exists()


def _native(settings: Settings, paths: Paths, words: Mapping[str, str], tell: Tell) -> Up:
    found = world.find(settings, paths, words)
    port_check.check(found, managers.of(found))
    paths.logs.mkdir(parents=True, exist_ok=True)
    log = StartLog(found.logs, tell)

    def gpu() -> bool:
        gate = gpu_gate.gate(found, settings.lock, words)
        log.tell(line("gpu", f"{gate.device}: {gate.why}"))
        return False

    done = bring_up(found, (Task("gpu", "Look for a GPU", gpu),), {"engine": ("gpu",)}, log.tell)
    managers.of(found).start((native.TARGET,))  # `down` stopped it too; systemd must show it as active again
    return done


def _embedded(settings: Settings, place: Home, words: Mapping[str, str], tell: Tell, free_ports: bool) -> Up:
    log = StartLog(place.logs, tell)
    if daemon.runs(place):
        found = home.world(settings, place)
        if prepare.choose(settings, place).system.ports != found.system.ports:
            log.tell(
                warning(
                    "the settings name other ports than those in use; they count after: omnimind down && omnimind up"
                )
            )
        model.fetch(settings, place, words, log.tell)
    else:
        found = _supervise(settings, place, words, log.tell, free_ports)
    tasks, waits = [_gpu(found, place, settings, words, log.tell)], {"engine": ("gpu",)}
    if postgres.is_missing(place.postgres) or not managers.of(found).states(["postgres"])["postgres"].pid:
        tasks.append(Task("cluster", "Make PostgreSQL's cluster", lambda: prepare.cluster(place)))
        waits["postgres"] = ("cluster",)
    tables = backend(found)
    tasks.append(
        Task(
            "schema",
            "Bring the database's tables up to date",
            lambda: schema.schema(found, place, tables),
            ("postgres",),
        )
    )
    return bring_up(
        found,
        tuple(tasks),
        {**waits, **{f"backend-{port}": ("schema",) for port in found.system.backend_ports}},
        log.tell,
    )


def _supervise(settings: Settings, place: Home, words: Mapping[str, str], tell: Tell, free_ports: bool) -> World:
    """Prepare everything and start supervisor, which starts no service yet."""
    if left := census.end(place):
        tell(warning(f"{left} processes were left over from a supervisor that died; they are ended"))
    found = prepare.prepare(settings, place, free_ports=free_ports)
    for text in wheels.absent(prepare.OPTIONAL):
        tell(warning(text))
    model.fetch(settings, place, words, tell)
    memory = home.recall(place)
    for wanted, port in memory.moved.items():
        tell(line("", f"port {port} is used instead of {wanted}, which was taken when it was chosen (--free-ports)"))
    tell(
        line(
            "",
            f"Qdrant is {memory.qdrant}"
            if memory.qdrant
            else "Qdrant is the stand-in over Qdrant's own storage engine: there is no `qdrant` on PATH",
        )
    )
    prepare.configure(found, place, words, {"OMNIMIND_LOCK": "cpu"})
    daemon.start(place, words)
    return found


def _gpu(found: World, place: Home, settings: Settings, words: Mapping[str, str], tell: Tell) -> Task:
    """Return the task that checks for a GPU and configures an engine that does not run yet."""

    def act() -> bool:
        gate = gpu_gate.gate(found, settings.lock, words)
        tell(line("gpu", f"{gate.device}: {gate.why}"))
        if not managers.of(found).states(["engine"])["engine"].pid:
            prepare.configure(found, place, words, gate.environment)
        return False

    return Task("gpu", "Look for a GPU", act)


def lock_of(paths: Paths, environment: Mapping[str, str] | None = None) -> Path:
    """Return the lock of the system that `up` would start here, before it exists."""
    if is_native(paths):
        return paths.lock
    return home.place(os.environ if environment is None else environment).state / "lock"


def afresh(settings: Settings, paths: Paths, tell: Tell, environment: Mapping[str, str] | None = None) -> None:
    """Stop an embedded system and move its data aside; do nothing if there is none."""
    place = home.place(os.environ if environment is None else environment)
    if is_native(paths) or not place.memory.exists():
        return
    try:
        the_world = home.world(settings, place)
    except Problem:  # its secrets may be corrupt: a fresh start must still be possible
        down.orphans(environment)
    else:
        down.down(the_world, tell)
    tell(line("", f"the old data is in {down.fresh(place.state)}; delete it when you do not need it any more"))
