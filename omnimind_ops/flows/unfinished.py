"""Every command looks at the newest migration first, and is refused where the table of states says so.

The containers may run or come back, and both sides want the same ports and the same data.
"""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.flows.run_inputs import old_stack
from omnimind_ops.flows.unfinished_carry import cut_carry
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import BACK, OPEN, Trigger
from omnimind_ops.planning.run_table import cell
from omnimind_ops.planning.situation import Situation, situation
from omnimind_ops.runner import copies
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal

_FINISHED = "`omnimind finish` deleted the old stack"
_REASONS: Mapping[RunState, str] = {
    RunState.UNCONFIRMED: "migration {} is not confirmed",
    RunState.ROLLED_BACK: "migration {} was rolled back, so the containers are the system",
    RunState.FINISHED: f"migration {{}} is finished: {_FINISHED}",
}


def refuse(trigger: Trigger, run: Run, doing: str, history: History | Journal | None = None) -> None:
    """Raise Problem if that command is not possible with the migration as it is; read-only.

    Without a history, a carry that was cut off is not looked for.
    """
    own = cut_carry(history, run) if history else None
    found = situation(run, carrying=own is not None)
    entry = cell(trigger, found)
    if own and entry.refused:
        why = f"a rollback was cut off while it carried data back ({own.id} is {own.state})"
        raise Problem(f"cannot {doing}", why, _fix(trigger, found, run))
    if entry.refused:
        reason = _REASONS.get(run.state, "migration {} is not finished, it is " + run.state).format(run.id)
        raise Problem(f"cannot {doing}", reason, _fix(trigger, found, run), code=entry.code or ExitCode.PROBLEM)


def refuse_beside_migration(paths: Paths, trigger: Trigger, doing: str) -> None:
    """Do the same with the newest migration; nothing without one; read-only."""
    history = History(paths.journal)
    run = history.latest(name="migrate")
    if run is not None:
        refuse(trigger, run, doing, history)


def note(paths: Paths) -> str:
    """Return one line about a migration that is cut off or failed, or a lost journal, "" if there is nothing to say."""
    if lost := copies.missing(paths.journal):
        return f"{lost.why}; its runs are read from the copies beside the receipts, and the next change restores it"
    history = History(paths.journal)
    run = history.latest(name="migrate")
    own = cut_carry(history, run)
    found = situation(run, carrying=own is not None)
    if run is None or found not in OPEN or found is Situation.POSTPONED:
        return ""
    if own:
        return f"a rollback was cut off while it carried data back; {_fix(Trigger.UP, found, run)}"
    return f"migration {run.id} is not finished, it is {run.state}; {_fix(Trigger.UP, found, run)}"


def _fix(trigger: Trigger, found: Situation, run: Run) -> str:
    undo = f"undo it: omnimind rollback --run {run.id}"
    if found is Situation.FAILED:
        return f"{undo} (add --anyway to leave what cannot be undone as it is)"
    if found is Situation.CARRYING:
        go_on = f"or go on to the containers: omnimind rollback --run {run.id}"
        return f"take back what was carried and keep the native services: omnimind resume; {go_on}"
    if found in BACK:
        return undo
    if found in OPEN:
        return f"continue it: omnimind migrate --from-docker; or {undo}"
    if found is Situation.UNCONFIRMED:
        return f"confirm it first: omnimind confirm --run {run.id}; or {undo}"
    if found is Situation.ROLLED_BACK:
        folder = old_stack(run).working_dir
        start = f"{f'cd {folder} && ' if folder else ''}docker compose start"
        return f"start the containers ({start}), or migrate again: omnimind migrate --from-docker"
    if trigger in (Trigger.ROLLBACK, Trigger.ANYWAY):
        return "restore the containers from your own backup"
    return "nothing is left to do: the native services are the system"
