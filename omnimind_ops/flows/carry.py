"""Use case: before a rollback, carry what was written natively since the cutover back into the old stores.

It is a run of its own. If it fails, it is undone: the old data is as it was, and the native services serve.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from omnimind_ops import credentials
from omnimind_ops.flows import handover, receipt
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.flows.unfinished_carry import SERVING
from omnimind_ops.flows.way_back import WayBack
from omnimind_ops.flows.wiring import handlers
from omnimind_ops.model import codec
from omnimind_ops.model.event import Tell
from omnimind_ops.model.facts import Container
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import VerifyNotes
from omnimind_ops.model.plan import Plan, Preview
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.since import Part
from omnimind_ops.model.status import TO_UNDO, RunState
from omnimind_ops.observe import docker
from omnimind_ops.paths import Paths
from omnimind_ops.planning import carry as planning
from omnimind_ops.planning.carry import NAME, OWN_COLLECTION, Route
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.runner.records import UNFINISHED
from omnimind_ops.runner.rollback import undo
from omnimind_ops.steps import boot
from omnimind_ops.stores.files.carry import parking
from omnimind_ops.stores.files.changes import changes
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.qdrant.versions import version_problem
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.unsupported import unsupported_keys


@dataclass(frozen=True)
class Prepared:
    """A planned carry; nothing is changed yet."""

    id: str
    plan: Plan
    routes: tuple[Route, ...]
    goal: Goal
    way: WayBack
    export: str


def prepare(run: Run, leave: Collection[Part], paths: Paths, tell: Tell) -> Prepared:
    """Return the plan; raise Problem, before anything stops, if a part that is not left behind cannot go; read-only."""
    if run.state not in SERVING:
        why = f"the run is {run.state}: the native services do not serve any more"
        raise Problem("cannot carry data back", why, f"run `omnimind rollback --run {run.id}` without --with-data")
    goal, way = goal_begun(run), WayBack(tell)
    way.check(run)
    known = {container.id: container for container in docker.containers()}
    current = {old: known[now.now] for old, now in way.returns.items() if now.now in known}
    found = tuple(
        _checked(route, goal, current, paths)
        for route in planning.routes(run, goal, current, version_problem)
        if route.part not in leave
    )
    if refused := [route for route in found if route.why_not]:
        raise _cannot_go(run, refused, found)
    id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{NAME}"
    placed = tuple(replace(route, parked=str(parking(Path(route.old), id))) for route in found)
    export = str(paths.state / "exports" / f"{id}-postgresql.dump")
    plan = planning.plan(placed, goal, str(paths.stage / NAME / "redis.rdb"), export)
    return Prepared(id, plan, placed, goal, way, export)


def preview(prepared: Prepared, paths: Paths) -> tuple[Preview, ...]:
    """Return what each step would do; read-only."""
    with handlers(prepared.goal, paths, prepared.id, prepared.way) as kinds:
        return tuple(runner.preview(prepared.plan, kinds))


def carry(run: Run, prepared: Prepared, journal: Journal, paths: Paths, tell: Tell) -> Run:
    """Carry the data; raise Problem if that failed and everything is as it was."""
    setup: dict[str, JSON] = {"migration": run.id, "goal": asdict(prepared.goal)}
    is_confirmed = run.state is RunState.CONFIRMED
    boot.arm(paths, run.id, handover.timer_command(paths), tell, yes=is_confirmed)
    own = journal.create(prepared.plan, setup, id=prepared.id)
    with handlers(prepared.goal, paths, own.id, prepared.way) as kinds:
        outcome = runner.apply(own, journal, kinds, tell)
    if outcome.problem and not outcome.not_undone:
        boot.settle(paths, run.state)
        raise _undone(run, outcome.problem)
    own = outcome.check()
    _save(run, own, prepared, paths, tell)
    journal.state(own.id, RunState.CONFIRMED)  # from here on the rollback can only go on
    return journal.run(own.id)


def settle(run: Run, journal: Journal, paths: Paths, tell: Tell) -> None:
    """End the carry of a migration that was cut off: undo it while the native side can still serve, else keep it."""
    for own in journal.runs():
        if own.plan.name != NAME or own.setup.get("migration") != run.id or own.state not in UNFINISHED:
            continue
        if run.state in SERVING:
            take_back(own, journal, paths, tell).check()
        else:
            journal.state(own.id, RunState.CONFIRMED)


def take_back(own: Run, journal: Journal, paths: Paths, tell: Tell) -> Outcome:
    """Undo a carry that was cut off: the old data is as it was, and the native services serve."""
    if own.state is RunState.CONFIRMED:
        why = "the rollback that it belongs to went on: the containers use this data"
        fix = f"the data they had before is in the folders `.omnimind-parked/{own.id}` beside or inside theirs"
        raise Problem(f"cannot take back {own.id}", why, fix)
    with handlers(goal_begun(own), paths, own.id) as kinds:
        outcome = undo(own, journal, kinds, tell, check_undo=_engine_answers)
    if not outcome.not_undone:
        boot.settle(paths, journal.run(str(own.setup.get("migration"))).state)
    return outcome


def _engine_answers(own: Run) -> None:
    """Raise Problem if old containers were started, and nothing could stop them."""
    record = own.record("start-old-stores")
    if record and record.status in TO_UNDO and (reason := docker.version()[1]):
        fix = "start Docker (systemctl start docker), then run `omnimind resume`"
        why = f"no Docker engine answers: {reason}. Nothing was changed"
        raise Problem("cannot take back what was carried", why, fix, code=ExitCode.NO_WAY_BACK)


def _checked(route: Route, goal: Goal, containers: dict[str, Container], paths: Paths) -> Route:
    """Return the route, with the reason if it cannot be gone after all."""
    if route.why_not:
        return route
    try:
        why = _unsupported(containers[route.container], goal, paths) if route.part is Part.REDIS else _no_folder(route)
    except Problem as problem:
        why = f"{problem.what}: {problem.why}"
    return replace(route, why_not=why)


def _unsupported(container: Container, goal: Goal, paths: Paths) -> str:
    """Return which keys the old Redis does not understand, "" if it is not known to be too old."""
    kind, version = planning.redis_version(container)
    source = RedisEndpoint("127.0.0.1", goal.redis_port, password=credentials.load(paths).redis)
    items = unsupported_keys(source, version, kind) if version else ()
    return f"{container.image} ({version}) does not support {items[0]}" if items else ""


def _no_folder(route: Route) -> str:
    old = Path(route.old)
    if not old.is_dir():
        return f"its old folder {old} is gone"
    found = changes(old, Path(route.native), without=(OWN_COLLECTION,), live=True)
    if route.part is Part.QDRANT:
        found = found.whole((OWN_COLLECTION,))
    check_space(old, sum(found.new.entries[path].stored for path in (*found.came, *found.changed)))
    return ""


def _cannot_go(run: Run, refused: list[Route], found: Collection[Route]) -> Problem:
    why = "; ".join(f"{route.part}: {route.why_not}" for route in refused)
    parts = sorted({route.part for route in refused})
    rest = sorted({route.part for route in found} - set(parts))
    leave = " ".join(f"--leave {part}" for part in parts)
    command = f"omnimind rollback --run {run.id} --with-data {leave}"
    fix = f"`{command}` carries {', '.join(rest)} and leaves the rest behind" if rest else ""
    none = f"`omnimind rollback --run {run.id}` sets it aside"
    return Problem(
        "cannot carry all data back",
        f"{why}. Nothing was changed; the native services keep running",
        "; or ".join(filter(None, (fix, none))),
        code=ExitCode.NO_WAY_BACK,
    )


def _undone(run: Run, problem: Problem) -> Problem:
    why = f"{problem.why}\nNothing was rolled back: the old data is as it was, and the native services serve again"
    fix = f"{problem.fix}; or leave it behind: omnimind rollback --run {run.id}"
    code = problem.code if problem.code is ExitCode.INTERRUPTED else ExitCode.NO_WAY_BACK
    return Problem(problem.what, why, fix, code=code, log=problem.log)


def _save(run: Run, own: Run, prepared: Prepared, paths: Paths, tell: Tell) -> None:
    """Keep what was carried beside the migration's receipt; the dump is not needed any more."""
    (paths.stage / NAME / "redis.rdb").unlink(missing_ok=True)
    verify = own.record("verify-old")
    document: dict[str, JSON] = {
        "run": own.id,
        "parts": sorted({str(route.part) for route in prepared.routes}),
        "old data": {route.old: route.parked for route in prepared.routes},
        "postgresql": prepared.export,
        "verified": codec.write(verify.notes(VerifyNotes)) if verify else {},
    }
    receipt.keep_beside(run, "carried", document, paths, tell)
