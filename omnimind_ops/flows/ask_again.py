"""Before the cutover: whether the preflight and the plan of a run still hold; read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.flows.discover import Discovery, discover
from omnimind_ops.flows.migrate import needs
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import HostPayload, TimerPayload
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.paths import Paths
from omnimind_ops.planning import migration, preflight
from omnimind_ops.planning.check_disk import PACKAGES
from omnimind_ops.settings import Settings
from omnimind_ops.stores.files.space import space_needed


@dataclass(frozen=True)
class AskAgain:
    """Asks with the options of the command. `ignored` and `force_os` are those of the preflight."""

    options: MigrateOptions
    settings: Settings
    paths: Paths
    ignored: frozenset[str] = frozenset()
    force_os: bool = False

    def __call__(self, run: Run) -> None:
        """Raise Problem if the cutover of the run must not begin."""
        discovery = replace(discover(self.options, self.settings, self.paths), goal=goal_begun(run))
        ignored = self.ignored | frozenset(self.settings.ignore)
        checks = preflight.checks(
            discovery.machine,
            discovery.project,
            remaining(discovery, needs(discovery, self.settings.lock, self.paths, is_installed=True)),
            ignore=ignored,
            force_os=self.force_os,
        )
        preflight.refuse(checks)
        refuse_changed(run.plan, migration.migrate(discovery.source, discovery.goal, 0))


def remaining(discovery: Discovery, all_needs: preflight.Needs) -> preflight.Needs:
    """Return what the cutover itself needs: not the space of what is copied and installed, not PostgreSQL's port."""
    goal = discovery.goal
    space = {path: count for path, count in all_needs.space.items() if path not in PACKAGES}
    for copy in migration.copies(discovery.source, goal):
        home = goal.qdrant_home if copy.name == "qdrant" else goal.uploads
        place = copy.target if copy.target in space else home
        space[place] = 0 if copy.backup else max(0, space[place] - _stored(Path(copy.incoming)))
    ports = tuple(port for port in all_needs.ports if port != goal.postgres_port)
    return replace(all_needs, space=space, ports=ports, venv="")


def _stored(folder: Path) -> int:
    return space_needed(folder) if folder.is_dir() else 0


def refuse_changed(plan: Plan, now: Plan) -> None:
    """Raise Problem if the cutover that would be planned now is another one."""
    planned, present = _cutover(plan), _cutover(now)
    changed = [id for id in dict.fromkeys((*planned, *present)) if planned.get(id) != present.get(id)]
    if changed:
        titles = {step.id: step.title for step in (*now.steps, *plan.steps)}
        raise Problem(
            "cannot begin the cutover",
            "the containers or their data are not those of the plan any more. Different now: "
            + "; ".join(titles[id] for id in changed),
            "run `omnimind migrate --from-docker` for a new plan",
        )


def _cutover(plan: Plan) -> dict[str, Mapping[str, JSON]]:
    fixed = (HostPayload.kind, TimerPayload.kind)  # the host's own, and the option of a run
    return {step.id: step.args for step in plan.steps if step.phase == "cutover" and step.kind not in fixed}
