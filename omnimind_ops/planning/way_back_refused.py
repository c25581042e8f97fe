"""Why a run is not rolled back, and what is possible instead."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.model.old_stack import OldStack
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.planning.way_back import Return, is_whole, native_runs

WHAT = "cannot return to the containers"


def no_engine(run: Run, reason: str) -> Problem:
    """Return the Problem of an engine that does not answer."""
    why = f"no Docker engine answers: {reason}. {_unchanged(run)}"
    start = f"start Docker (systemctl start docker), then run `omnimind rollback --run {run.id}`"
    return Problem(WHAT, why, _fixes(start, *_stay(run)), code=ExitCode.NO_WAY_BACK)


def not_as_it_was(run: Run, troubled: Sequence[Return], stack: OldStack, project: str) -> Problem:
    """Return the Problem of containers that are gone or have lost their data."""
    why = "; ".join(f"{container.old.name}: {container.trouble}" for container in troubled)
    gone = tuple(container.old.service for container in troubled if not container.now and container.old.service)
    fixes = (
        []
        if not gone
        else [
            f"create the containers again without starting them ({_create(gone, stack, project)}), "
            f"then run `omnimind rollback --run {run.id}`"
        ]
    )
    if any(container.now for container in troubled):
        fixes.append("restore that data where it was, then run the same command again")
    anyway = f"`omnimind rollback --run {run.id} --anyway` starts what is left, as it is"
    return Problem(WHAT, f"{why}. {_unchanged(run)}", _fixes(*_stay(run), *fixes, anyway), code=ExitCode.NO_WAY_BACK)


def _create(services: Sequence[str], stack: OldStack, project: str) -> str:
    folder = f"cd {stack.working_dir} && " if stack.working_dir else ""
    return f"{folder}docker compose -p {project} up --no-start {' '.join(services)}"


def _unchanged(run: Run) -> str:
    return "Nothing was changed; the native services keep running" if native_runs(run) else "Nothing was changed"


def _stay(run: Run) -> tuple[str, ...]:
    """Return how to keep the native services, if they are whole."""
    if not is_whole(run):
        return ()
    confirm = (
        () if run.state is RunState.CONFIRMED else (f"`omnimind confirm --run {run.id}` keeps the native services",)
    )
    return (*confirm, f"`omnimind finish --run {run.id}` ends the run for good{' after that' if confirm else ''}")


def _fixes(*fixes: str) -> str:
    return "; or ".join(fixes)
