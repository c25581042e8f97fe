"""omnimind migrate: Docker Compose → native services, data included, undoable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.by_its_own import TakeOver, hand_over
from omnimind_ops.cli.options import Config, ForceOs, Ignore, Json, chosen, need_root, paths, sure, who
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState


def command(
    from_docker: Annotated[
        bool, typer.Option("--from-docker", help="Migrate the Compose project that runs here.")
    ] = False,
    path: Annotated[
        Path | None, typer.Argument(help="Compose file or its folder, if several projects run here.")
    ] = None,
    project: Annotated[str, typer.Option("--project", help="Name of the Compose project.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and the file diffs. Read-only.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Skip the prompts and confirm at once if all data is equal.")
    ] = False,
    postpone: Annotated[
        bool, typer.Option("--postpone", help="Stop before the cutover. To continue, run the same command without it.")
    ] = False,
    confirm_minutes: Annotated[
        int | None, typer.Option("--confirm-minutes", min=1, help="Minutes to confirm before the automatic rollback.")
    ] = None,
    qdrant_backup: Annotated[
        Path | None,
        typer.Option(
            "--qdrant-backup", help="Restore Qdrant from a storage or collection folder, a tar of one, or a snapshot."
        ),
    ] = None,
    qdrant_collection: Annotated[
        str, typer.Option("--qdrant-collection", help="Collection name, for a backup of one collection.")
    ] = "",
    qdrant_collection_config: Annotated[
        Path | None,
        typer.Option("--qdrant-collection-config", help="config.json of the collection, for a shard snapshot."),
    ] = None,
    qdrant_binary: Annotated[
        Path | None, typer.Option("--qdrant-binary", help="Qdrant program to install instead of the container's.")
    ] = None,
    redis_backup: Annotated[
        Path | None, typer.Option("--redis-backup", help="Restore Redis from a dump.rdb or the folder of one.")
    ] = None,
    redis: Annotated[
        str, typer.Option("--redis", help="auto: migrate the container's data; empty: start without data.")
    ] = "auto",
    python: Annotated[
        Path | None, typer.Option("--python", help="Python (3.11 to 3.13) for the services' virtual environment.")
    ] = None,
    wheelhouse: Annotated[
        Path | None, typer.Option("--wheelhouse", help="Folder of wheels, for a host without network access.")
    ] = None,
    no_bench: Annotated[bool, typer.Option("--no-bench", help="Skip the speed measurements before and after.")] = False,
    config: Config = None,
    ignore: Ignore = None,
    force_os: ForceOs = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Migrate this host from Docker Compose to native services, data included.

    The old stack is stopped but not changed.
    """
    if not from_docker:
        raise Problem("cannot migrate", "from what?", "say --from-docker", code=ExitCode.USAGE)
    if redis not in ("auto", "empty"):
        raise Problem("cannot migrate", f"--redis {redis} is unknown", "use auto or empty", code=ExitCode.USAGE)
    need_root("look into the containers" if dry_run else "migrate")
    from omnimind_ops.flows.migrate_options import MigrateOptions
    from omnimind_ops.settings import load

    settings = chosen(load(config), confirm_minutes=confirm_minutes, python=python, wheelhouse=wheelhouse)
    asked = MigrateOptions(
        project,
        path,
        qdrant_backup,
        qdrant_binary,
        redis_backup,
        redis == "empty",
        qdrant_collection,
        qdrant_collection_config,
    )
    names = frozenset(ignore or ())
    if dry_run:
        _dry(asked, settings, names, force_os, json)
        return
    _hand_over(take_over)
    _migrate(asked, settings, names, force_os, json, yes, postpone, not no_bench)


def _hand_over(take_over: bool) -> None:
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.flows.handover import NATIVE
    from omnimind_ops.runner.history import History

    hand_over(flow.current(History(paths().journal)), paths(), NATIVE, take_over=take_over)


def _dry(asked, settings, ignore, force_os, json) -> None:  # type: ignore[no-untyped-def]
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.planning import preflight
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History

    run = flow.current(History(paths().journal))
    if run is not None and run.state in flow.NATIVE:
        from omnimind_ops.flows import converge

        output.previews(converge.plan(), tuple(converge.preview(run, paths(), settings)), json=json)
        return
    prepared = flow.prepare(asked, settings, paths(), ignore, force_os)
    output.checks(prepared.checks, json=json)
    output.rows(prepared.rows, json=json)
    output.notes(prepared.found.notes, json=json)
    output.previews(prepared.plan, tuple(flow.preview(prepared, paths())), json=json)
    preflight.refuse(prepared.checks)


def _migrate(asked, settings, ignore, force_os, json, yes, postpone, bench) -> None:  # type: ignore[no-untyped-def]
    from omnimind_ops.flows import confirm, converge, rollback
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.planning import preflight
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import held

    where = paths()
    with held(where.lock, who(), "migrate"):
        run = flow.current(History(where.journal))
        prepared = None
        if run is None:  # nothing is written, not even a journal, before all checks have passed and the user has agreed
            prepared = flow.prepare(asked, settings, where, ignore, force_os)
            preflight.refuse(prepared.checks)
            output.before(prepared, json=json)
            sure(f"Migrate project {prepared.found.project.name} now?", yes)
        if run is not None and run.state in flow.NATIVE:
            if yes and run.state is RunState.UNCONFIRMED:
                with Journal(where.journal) as journal:
                    run = confirm.confirm(run, journal, where)
            with choose(json) as show:
                changed = converge.converge(run, where, settings, show.tell)
            text = f"already native since run {run.id}, which is {run.state}; {changed} changes"
            output.said(text, {"run": run.id, "changes": changed, "state": str(run.state)}, json=json)
            _truth(run)
            return
        if run is not None and run.state in (RunState.ROLLING_BACK, RunState.FAILED):
            with Journal(where.journal) as journal, choose(json) as show:
                outcome = rollback.rollback(run, journal, where, show.tell)
            _end(outcome, json)
            raise _not_migrated(run)
        with Journal(where.journal) as journal:
            if run is not None:
                run = flow.resume(run, asked)
            elif prepared is not None:
                run = flow.start(prepared, asked, settings, journal)
            assert run is not None
            with choose(json) as show:
                outcome = flow.apply(run, journal, where, show.tell, yes=yes, postpone=postpone, bench=bench)
            _end(outcome, json)


def _end(outcome, json) -> None:  # type: ignore[no-untyped-def]
    from omnimind_ops.flows.receipt import read
    from omnimind_ops.render.run import output

    output.summary(read(outcome.run.id, paths()), json=json)
    outcome.check()
    _truth(outcome.run)


def _truth(run: Run) -> None:
    """Exit with a code of its own if the native services run and nobody confirmed them yet."""
    if run.state is RunState.UNCONFIRMED:
        raise typer.Exit(int(ExitCode.UNCONFIRMED))


def _not_migrated(run: Run) -> Problem:
    return Problem(
        "cannot go on with the migration",
        f"run {run.id} had to be rolled back; that is done, and the containers answer",
        "run the same command again: it starts anew",
        code=ExitCode.ROLLED_BACK,
    )
