"""omnimind converge: make a native host match its desired state again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import Config, Json, calling_user, paths, require_root, with_options
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run


def command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change. Read-only.")] = False,
    wheelhouse: Annotated[
        Path | None, typer.Option("--wheelhouse", help="Folder of wheels to use from now on.")
    ] = None,
    config: Config = None,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Fix configuration drift and apply changed settings (model, mode, open_reads, wheelhouse). Data is not touched."""
    require_root("converge")
    from omnimind_ops.flows import converge
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.flows.handover import NATIVE
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.lock import hold
    from omnimind_ops.settings import load

    settings = with_options(load(config), wheelhouse=wheelhouse)
    run = flow.current(History(paths().journal))
    hand_over(run, paths(), NATIVE, take_over=take_over)
    if dry_run:
        run = _native(run)
        output.previews(converge.plan(), tuple(converge.preview(run, paths(), settings)), json=json)
        return
    with hold(paths().lock, calling_user(), "converge"), choose(json) as show:
        run = _native(flow.current(History(paths().journal)))
        changed = converge.converge(run, paths(), settings, show.tell)
    output.message(f"{changed} changes", {"run": run.id, "changes": changed}, json=json)


def _native(run: Run | None) -> Run:
    """Return the run that made this host native; raise Problem if there is none, or one that is not finished."""
    from omnimind_ops.flows import unfinished
    from omnimind_ops.planning.run_cells import Trigger
    from omnimind_ops.runner.history import History

    if run is None:
        raise Problem(
            "cannot converge",
            "this host is not native",
            "run `omnimind migrate --from-docker` first",
            code=ExitCode.NOT_INSTALLED,
        )
    unfinished.refuse(Trigger.CONVERGE, run, "converge now", History(paths().journal))
    return run
