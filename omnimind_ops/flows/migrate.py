"""Use case: migrate from Docker to native services: prepare (read-only), preview, apply or resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.flows import handover, planned, receipt, store_logins
from omnimind_ops.flows.bench import before_and_after
from omnimind_ops.flows.confirm import confirm
from omnimind_ops.flows.discover import Discovery, discover, listening
from omnimind_ops.flows.fates import stack_of
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.run_inputs import arguments, goal_begun, setup_of
from omnimind_ops.flows.store_checks import store_state
from omnimind_ops.flows.way_back import RESTART_SECONDS, WayBack
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model import codec, native
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.fate import Item
from omnimind_ops.model.payloads import MaintenancePayload
from omnimind_ops.model.plan import Plan, Preview
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.observe import index, wheelhouse
from omnimind_ops.paths import Paths
from omnimind_ops.planning import check_ports, migration, preflight, report
from omnimind_ops.planning.check_disk import PACKAGES
from omnimind_ops.planning.fates import Stack, fates
from omnimind_ops.planning.migration import copies
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.history import History
from omnimind_ops.runner.interrupt import interrupts
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.runner.resume import refuse_other
from omnimind_ops.settings import Settings
from omnimind_ops.steps import boot, maintenance
from omnimind_ops.steps.timer import confirm_until
from omnimind_ops.stores.files.space import space_needed

NATIVE = (RunState.UNCONFIRMED, RunState.CONFIRMED, RunState.FINISHED)


@dataclass(frozen=True)
class Prepared:
    """A planned migration; nothing is changed yet."""

    discovery: Discovery
    plan: Plan
    checks: tuple[preflight.Check, ...]
    stack: Stack

    @property
    def fates(self) -> tuple[Item, ...]:
        """Return every thing of the project with its fate."""
        return fates(self.stack)

    @property
    def rows(self) -> tuple[report.Row, ...]:
        """Return the fate of every key of the Compose file."""
        return report.report(self.stack, self.fates)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a person should know before anything happens."""
        return self.discovery.notes

    @property
    def open_ports(self) -> tuple[str, ...]:
        """Return the addresses that other hosts can reach now, of ports that native services get."""
        return self.discovery.open_ports

    def listening(self, choice: str) -> Prepared:
        """Return the migration with native services that listen `as-before`, or on loopback only."""
        discovery = listening(self.discovery, choice)
        return replace(self, discovery=discovery, stack=replace(self.stack, goal=discovery.goal))


def prepare(
    options: MigrateOptions, settings: Settings, paths: Paths, ignored: frozenset[str], force_os: bool
) -> Prepared:
    """Discover, check, plan."""
    discovery = discover(options, settings, paths)
    ignore = ignored | frozenset(settings.ignore)
    wanted = needs(discovery, settings.lock, paths)
    checks = preflight.checks(discovery.machine, discovery.project, wanted, ignore=ignore, force_os=force_os)
    plan = migration.migrate(discovery.source, discovery.goal, settings.confirm_minutes)
    return Prepared(discovery, plan, checks, stack_of(discovery, wanted.space))


def needs(discovery: Discovery, lock: str, paths: Paths, *, is_installed: bool = False) -> preflight.Needs:
    """Return what must be available before anything stops; no source of packages if all `is_installed`.

    Disk space for data and venv, ports, and the source of the venv's packages.
    """
    goal = discovery.goal
    space = {goal.qdrant_home: 0, goal.uploads: 0, **_copied(discovery, paths)}
    if not Path("/usr/lib/postgresql").is_dir():
        space |= PACKAGES
    ports = (*goal.ports, *((goal.qdrant_grpc_port,) if goal.qdrant_grpc_port else ()))
    restored = discovery.source.qdrant.backup if discovery.source.qdrant else None
    wheels = wheelhouse.wheelhouse(goal.wheelhouse) if goal.wheelhouse and not is_installed else None
    stores = store_state(discovery.source, discovery.logins)
    return preflight.Needs(
        space,
        ports,
        units=frozenset(native.all_units(goal)),
        port_settings=check_ports.advice(goal),
        beside=discovery.beside,
        lock=lock,
        index=None if wheels or is_installed else index.probe(),
        venv_exists=(paths.venv / ".complete").exists(),
        wheelhouse=wheels,
        pins=wheelhouse.pins(goal.lock, "model") if wheels else (),
        redis_memory=goal.redis.memory,
        starters=discovery.starters,
        stores=True,
        outside_writers=stores.outside_writers,
        redis_obstacles=stores.redis_obstacles,
        qdrant_unfenced=stores.qdrant_unfenced,
        strict_collections=stores.strict_collections,
        backup=restored.path if restored else "",
        checksum=restored.checksum if restored else None,
    )


def _copied(discovery: Discovery, paths: Paths) -> dict[str, int]:
    """Return the bytes that are written to each data folder, and to the stage where Redis' dump waits."""
    source, goal = discovery.source, discovery.goal
    space = {
        copy.target: copy.backup.room if copy.backup else space_needed(Path(copy.source), copy.only)
        for copy in copies(source, goal)
        if copy.backup or copy.source
    }
    if source.redis and source.redis.way != "empty":
        space |= dict.fromkeys((str(paths.state), goal.redis_dir), source.redis.data)
    return space


def preview(prepared: Prepared, paths: Paths) -> Iterator[Preview]:
    """Yield what each step would do; read-only."""
    with handlers(prepared.discovery.goal, paths, "dry-run") as kinds:
        yield from runner.preview(prepared.plan, kinds)


def current(history: History | Journal) -> Run | None:
    """Return the newest migration unless it was rolled back."""
    run = history.latest(name="migrate")
    return None if run is None or run.state is RunState.ROLLED_BACK else run


def keep_passwords(prepared: Prepared, paths: Paths) -> None:
    """Keep the passwords that the containers' configuration does not tell, for a run that goes on after a reboot."""
    store_logins.keep(prepared.discovery.logins.keep, paths)


def start(prepared: Prepared, options: MigrateOptions, settings: Settings, journal: Journal) -> Run:
    """Write a new run to the journal, with the fates: the receipt has what the person agreed to."""
    setup = setup_of(options, prepared.discovery, settings.confirm_minutes)
    return journal.create(prepared.plan, setup | {"fates": [codec.write(item) for item in prepared.fates]})


def resume(run: Run, options: MigrateOptions) -> Run:
    """Return the run to resume; refuse other arguments than it was started with."""
    refuse_other(replace(run, setup={"asked": run.setup.get("asked")}), {"asked": arguments(options)})
    return run


def apply(
    run: Run,
    journal: Journal,
    paths: Paths,
    tell: Tell,
    *,
    yes: bool,
    postpone: bool = False,
    bench: bool = True,
    ask: Callable[[Run], None] | None = None,
) -> Outcome:
    """Do the remaining steps of a run; a failing step rolls everything back. With `yes` it is confirmed at once.

    `bench`: measure the speed before the first step and at the end, for the receipt; services stay up meanwhile.
    `ask`: raises Problem if the cutover must not begin.
    """
    planned.disarm(paths)
    if bench and before_and_after.is_fresh(run):
        before_and_after.measure_before(run, paths, tell)
    boot.arm(paths, run.id, handover.timer_command(paths), tell, yes=yes)
    if not postpone:
        run = follow_redis_again(run, journal)
    with interrupts(journal.clock, lambda: None) as stop:  # from the last step to the confirmation: no half of it
        way = WayBack(tell, wait=RESTART_SECONDS)
        show_page_again(run, paths)
        with handlers(goal_begun(run), paths, run.id, way, lambda: ask(run) if ask else None) as kinds:
            stop_before = "cutover" if postpone else None
            outcome = runner.apply(run, journal, kinds, tell, stop_before=stop_before, check_undo=way.check)
        maintenance.hide(paths)
        boot.settle(paths, outcome.state)
        receipt.keep(outcome.run, paths, tell)
        if outcome.state is not RunState.UNCONFIRMED:
            return outcome
        if yes and not stop.by:
            outcome = Outcome(confirm(outcome.run, journal, paths))
    with suppress(KeyboardInterrupt):
        if bench and not stop.by:
            before_and_after.measure_after(outcome.run, paths, tell)
            receipt.write(outcome.run, paths)
        _tell_unconfirmed(outcome.run, tell, stop.by)
    return outcome


def follow_redis_again(run: Run, journal: Journal) -> Run:
    """Let the live copy of Redis be made again: it ended with the process that followed the changes."""
    warm, take = run.record("warm-redis"), run.record("take-redis")
    if not (warm and take and warm.status is Status.DONE and take.status is Status.TODO):
        return run
    journal.mark(run.id, warm.step.id, Status.TODO)
    return journal.run(run.id)


def show_page_again(run: Run, paths: Paths) -> None:
    """Show the page of a cutover that was killed and goes on: it ended with the process that showed it."""
    page, sockets = run.record("show-page"), run.record("activate-units")
    if page and sockets and page.status is Status.DONE and sockets.status is Status.TODO:
        maintenance.show(page.step.payload(MaintenancePayload).addresses, goal_begun(run), paths)


def _tell_unconfirmed(run: Run, tell: Tell, interrupted: str) -> None:
    if run.state is not RunState.UNCONFIRMED:
        return
    reason = f"interrupted ({interrupted}) before it was confirmed" if interrupted else "not confirmed yet"
    tell(warning(f"{reason}: run `omnimind confirm` before {confirm_until(run)}, or the migration is rolled back"))
