"""Use case: migrate from Docker to native services: prepare (read-only), preview, apply or resume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.flows import receipt
from omnimind_ops.flows.bench import migrate as bench_migrate
from omnimind_ops.flows.confirm import confirm
from omnimind_ops.flows.discover import Found, discover
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.run_inputs import goal_of, questions, setup
from omnimind_ops.flows.way_back import RESTART_SECONDS, WayBack
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.plan import Plan, Preview
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.observe import index, wheelhouse
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration, preflight, report
from omnimind_ops.planning.check_disk import PACKAGES
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.runner.resume import refuse_other
from omnimind_ops.settings import Settings
from omnimind_ops.stores.files.space import space_needed

NATIVE = (RunState.UNCONFIRMED, RunState.CONFIRMED, RunState.FINISHED)


@dataclass(frozen=True)
class Prepared:
    """A planned migration; nothing is changed yet."""

    found: Found
    plan: Plan
    checks: tuple[preflight.Check, ...]
    rows: tuple[report.Row, ...]


def prepare(
    asked: MigrateOptions, settings: Settings, paths: Paths, ignored: frozenset[str], force_os: bool
) -> Prepared:
    """Discover, check, plan."""
    found = discover(asked, settings, paths)
    ignore = ignored | frozenset(settings.ignore)
    checks = preflight.checks(
        found.machine, found.project, needs(found, settings.lock, paths), ignore=ignore, force_os=force_os
    )
    plan = migration.migrate(found.source, found.goal, settings.confirm_minutes)
    return Prepared(found, plan, checks, report.report(found.project))


def needs(found: Found, lock: str, paths: Paths) -> preflight.Needs:
    """Return what must be available before anything stops.

    Disk space for data and venv, ports, and the source of the venv's packages.
    """
    goal = found.goal
    room = {goal.qdrant_home: 0, goal.uploads: 0}
    if found.source.qdrant and found.source.qdrant.backup:
        room[goal.qdrant_home] += found.source.qdrant.backup.room
    elif found.source.qdrant and found.source.qdrant.storage:
        room[goal.qdrant_home] += space_needed(Path(found.source.qdrant.storage))
    if not Path("/usr/lib/postgresql").is_dir():
        room |= PACKAGES
    room[goal.uploads] += sum(space_needed(Path(folder)) for folder in found.source.uploads)
    ports = (*goal.backend_ports, goal.frontend_port, goal.redis_port, goal.qdrant_port, goal.postgres_port)
    restored = found.source.qdrant.backup if found.source.qdrant else None
    wheels = wheelhouse.wheelhouse(goal.wheelhouse) if goal.wheelhouse else None
    return preflight.Needs(
        room,
        ports,
        units=frozenset(native.all_units(goal)),
        lock=lock,
        index=None if wheels else index.ask(),
        made=(paths.venv / ".complete").exists(),
        wheelhouse=wheels,
        pins=wheelhouse.pins(goal.lock, "model") if wheels else (),
        backup=restored.path if restored else "",
        checksum=restored.checksum if restored else None,
    )


def preview(prepared: Prepared, paths: Paths) -> Iterator[Preview]:
    """Yield what each step would do; read-only."""
    with handlers(prepared.found.goal, paths, "dry-run") as kinds:
        yield from runner.preview(prepared.plan, kinds)


def current(history: History | Journal) -> Run | None:
    """Return the newest migration unless it was rolled back."""
    run = history.latest(name="migrate")
    return None if run is None or run.state is RunState.ROLLED_BACK else run


def start(prepared: Prepared, asked: MigrateOptions, settings: Settings, journal: Journal) -> Run:
    """Write a new run to the journal."""
    return journal.create(prepared.plan, setup(asked, prepared.found, settings.confirm_minutes))


def resume(run: Run, asked: MigrateOptions) -> Run:
    """Return the run to resume; refuse other arguments than it was started with."""
    refuse_other(replace(run, setup={"asked": run.setup.get("asked")}), {"asked": questions(asked)})
    return run


def apply(
    run: Run, journal: Journal, paths: Paths, tell: Tell, *, yes: bool, postpone: bool = False, bench: bool = True
) -> Outcome:
    """Do the remaining steps of a run; a failing step rolls everything back. With `yes` it is confirmed at once.

    `bench`: measure the speed before the first step and at the end, for the receipt; services stay up meanwhile.
    """
    if bench and bench_migrate.is_fresh(run):
        bench_migrate.before(run, paths, tell)
    way = WayBack(tell, wait=RESTART_SECONDS)
    with handlers(goal_of(run), paths, run.id, way) as kinds:
        stop_before = "cutover" if postpone else None
        outcome = runner.apply(run, journal, kinds, tell, stop_before=stop_before, check_undo=way.check)
    receipt.write(outcome.run, paths)
    if outcome.state is not RunState.UNCONFIRMED:
        return outcome
    if yes:
        outcome = Outcome(confirm(outcome.run, journal, paths))
    if bench:
        bench_migrate.after(outcome.run, paths, tell)
        receipt.write(outcome.run, paths)
    if not yes:
        tell(
            warning(
                f"not confirmed yet: `omnimind confirm` within {run.setup.get('confirm_minutes')} min, or the containers come back"
            )
        )
    return outcome
