"""Use case: start OmniMind.

Start at up(); _native() and _embedded() are specific to a mode, startup/bring_up.py is shared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops import managers
from omnimind_ops import world as worlds
from omnimind_ops.embedded import census, daemon, home, model, postgres, prepare, schema, wheels
from omnimind_ops.embedded.home import Home
from omnimind_ops.embedded.programs import backend
from omnimind_ops.flows import down, gpu_gate, port_check
from omnimind_ops.flows.startup.bring_up import Up, bring_up
from omnimind_ops.flows.startup.items import Task
from omnimind_ops.flows.startup.log import StartLog
from omnimind_ops.flows.unfinished import refuse_beside_migration
from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import Trigger
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
    environ = os.environ if environment is None else environment
    if is_native(paths):
        return _native(settings, paths, environ, tell)
    return _embedded(settings, home.place(environ), environ, tell, free_ports)


def is_native(paths: Paths) -> bool:
    """Return whether systemd runs OmniMind here."""
    return (paths.root / "etc/systemd/system/omnimind.target").exists()


def _native(settings: Settings, paths: Paths, environment: Mapping[str, str], tell: Tell) -> Up:
    refuse_beside_migration(paths, Trigger.UP, "start the services now")
    world = worlds.find(settings, paths, environment)
    port_check.check(world, managers.of(world))
    paths.logs.mkdir(parents=True, exist_ok=True)
    log = StartLog(world.logs, tell)

    def gpu() -> bool:
        gate = gpu_gate.gate(world, settings.lock, environment)
        log.tell(line("gpu", f"{gate.device}: {gate.why}"))
        return False

    done = bring_up(world, (Task("gpu", "Check for a GPU", gpu),), {"engine": ("gpu",)}, log.tell)
    managers.of(world).start((native.TARGET,))  # `down` stopped it too; systemd must show it as active again
    return done


def _embedded(settings: Settings, state_home: Home, environment: Mapping[str, str], tell: Tell, free_ports: bool) -> Up:
    log = StartLog(state_home.logs, tell)
    if daemon.runs(state_home):
        world = home.world(settings, state_home)
        if prepare.choose(settings, state_home).system.ports != world.system.ports:
            log.tell(
                warning(
                    "the ports in the settings differ from those in use; "
                    "to apply them, run: omnimind down && omnimind up"
                )
            )
        model.fetch(settings, state_home, environment, log.tell)
    else:
        world = _start_supervisor(settings, state_home, environment, log.tell, free_ports)
    tasks, waits = [_gpu(world, state_home, settings, environment, log.tell)], {"engine": ("gpu",)}
    if postgres.is_missing(state_home.postgres) or not managers.of(world).states(["postgres"])["postgres"].pid:
        tasks.append(Task("cluster", "Create the PostgreSQL cluster", lambda: prepare.cluster(state_home)))
        waits["postgres"] = ("cluster",)
    tables = backend(world)
    tasks.append(
        Task(
            "schema",
            "Update the database schema",
            lambda: schema.schema(world, state_home, tables),
            ("postgres",),
        )
    )
    return bring_up(
        world,
        tuple(tasks),
        {**waits, **{f"backend-{port}": ("schema",) for port in world.system.backend_ports}},
        log.tell,
    )


def _start_supervisor(
    settings: Settings, state_home: Home, environment: Mapping[str, str], tell: Tell, free_ports: bool
) -> World:
    """Prepare everything and start supervisor, which starts no service yet."""
    if leftover := census.end(state_home):
        tell(warning(f"{leftover} leftover processes of a dead supervisor were killed"))
    world = prepare.prepare(settings, state_home, free_ports=free_ports)
    for text in wheels.absent(prepare.OPTIONAL):
        tell(warning(text))
    model.fetch(settings, state_home, environment, tell)
    saved_state = home.recall(state_home)
    for requested_port, port in saved_state.moved.items():
        reason = "which was in use when the ports were chosen (--free-ports)"
        tell(line("", f"port {port} is used instead of {requested_port}, {reason}"))
    tell(
        line(
            "",
            f"Qdrant is {saved_state.qdrant}"
            if saved_state.qdrant
            else "Qdrant is the stand-in on Qdrant's own storage engine, because there is no `qdrant` on PATH",
        )
    )
    prepare.configure(world, state_home, environment, {"OMNIMIND_LOCK": "cpu"})
    daemon.start(state_home, environment)
    return world


def _gpu(world: World, state_home: Home, settings: Settings, environment: Mapping[str, str], tell: Tell) -> Task:
    """Return the task that checks for a GPU and configures an engine that does not run yet."""

    def act() -> bool:
        gate = gpu_gate.gate(world, settings.lock, environment)
        tell(line("gpu", f"{gate.device}: {gate.why}"))
        if not managers.of(world).states(["engine"])["engine"].pid:
            prepare.configure(world, state_home, environment, gate.environment)
        return False

    return Task("gpu", "Check for a GPU", act)


def lock_of(paths: Paths, environment: Mapping[str, str] | None = None) -> Path:
    """Return the lock of the system that `up` would start here, before it exists."""
    if is_native(paths):
        return paths.lock
    return home.place(os.environ if environment is None else environment).state / "lock"


def set_data_aside(settings: Settings, paths: Paths, tell: Tell, environment: Mapping[str, str] | None = None) -> None:
    """Stop an embedded system and move its data aside; do nothing if there is none."""
    state_home = home.place(os.environ if environment is None else environment)
    if is_native(paths) or not state_home.memory.exists():
        return
    try:
        world = home.world(settings, state_home)
    except Problem:  # its secrets may be corrupt: a fresh start must still be possible
        down.kill_orphans(environment)
    else:
        down.down(world, tell)
    tell(
        line(
            "",
            f"the old data is in {down.move_data_aside(state_home.state)}; delete it when you no longer need it",
        )
    )
