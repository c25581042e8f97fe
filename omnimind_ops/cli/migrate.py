"""omnimind migrate: Docker Compose → native services, data included, reversible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.cli import migrate_at, migrate_listen
from omnimind_ops.cli.handover import TakeOver, hand_over
from omnimind_ops.cli.options import (
    Config,
    ForceOs,
    Ignore,
    Json,
    calling_user,
    paths,
    require_confirmation,
    require_root,
    terminal_password,
    with_options,
)
from omnimind_ops.cli.store_options import (
    QdrantApiKeyFile,
    QdrantBackup,
    QdrantBinary,
    QdrantCollection,
    QdrantCollectionConfig,
    QdrantService,
    Redis,
    RedisBackup,
    RedisPasswordFile,
    RedisService,
)
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState

if TYPE_CHECKING:
    from omnimind_ops.flows.ask_again import AskAgain
    from omnimind_ops.flows.migrate import Prepared
    from omnimind_ops.flows.migrate_options import MigrateOptions
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.outcome import Outcome
    from omnimind_ops.settings import Settings

FromDocker = Annotated[bool, typer.Option("--from-docker", help="Migrate the Compose project that runs here.")]
Project = Annotated[Path | None, typer.Argument(help="Compose file or its folder, if several projects run here.")]
ProjectName = Annotated[str, typer.Option("--project", help="Name of the Compose project.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and the file diffs. Read-only.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the prompts and confirm at once if all data is equal.")]
Postpone = Annotated[
    bool, typer.Option("--postpone", help="Stop before the cutover. To continue, run the same command without it.")
]
At = Annotated[
    str,
    typer.Option("--at", metavar="TIME", help="Plan and copy now, cut over at this time: 03:00, or 2026-12-01T03:00."),
]
Planned = Annotated[str, typer.Option("--planned", hidden=True, help="Run to cut over now; the timer passes it.")]
ConfirmMinutes = Annotated[
    int | None, typer.Option("--confirm-minutes", min=1, help="Minutes to confirm before the automatic rollback.")
]
Python = Annotated[
    Path | None, typer.Option("--python", help="Python (3.11 to 3.13) for the services' virtual environment.")
]
Wheelhouse = Annotated[
    Path | None, typer.Option("--wheelhouse", help="Folder of wheels, for a host without network access.")
]
NoBench = Annotated[bool, typer.Option("--no-bench", help="Skip the speed measurements before and after.")]


def command(
    from_docker: FromDocker = False,
    path: Project = None,
    project: ProjectName = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    postpone: Postpone = False,
    at: At = "",
    planned: Planned = "",
    confirm_minutes: ConfirmMinutes = None,
    qdrant_backup: QdrantBackup = None,
    qdrant_collection: QdrantCollection = "",
    qdrant_collection_config: QdrantCollectionConfig = None,
    qdrant_binary: QdrantBinary = None,
    redis_backup: RedisBackup = None,
    redis: Redis = "auto",
    redis_password_file: RedisPasswordFile = None,
    qdrant_api_key_file: QdrantApiKeyFile = None,
    redis_service: RedisService = "",
    qdrant_service: QdrantService = "",
    python: Python = None,
    wheelhouse: Wheelhouse = None,
    listen: migrate_listen.Listen = "",
    no_bench: NoBench = False,
    config: Config = None,
    ignore: Ignore = None,
    force_os: ForceOs = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Migrate this host from Docker Compose to native services, data included.

    The old stack is stopped but not changed.
    """
    _check_options(from_docker, redis, listen)
    time = migrate_at.time(at, postpone) if at else None
    require_root("inspect the containers" if dry_run else "migrate")
    from omnimind_ops.flows.ask_again import AskAgain
    from omnimind_ops.flows.migrate_options import MigrateOptions
    from omnimind_ops.settings import load

    settings = with_options(load(config), confirm_minutes=confirm_minutes, python=python, wheelhouse=wheelhouse)
    options = MigrateOptions(
        project,
        path,
        qdrant_backup,
        qdrant_binary,
        redis_backup,
        redis == "empty",
        qdrant_collection,
        qdrant_collection_config,
        redis_password_file,
        qdrant_api_key_file,
        redis_service,
        qdrant_service,
        listen,
        None if yes else terminal_password(),
    )
    ignored_checks = frozenset(ignore or ())
    if dry_run:
        _dry_run(options, settings, ignored_checks, force_os, json)
        return
    _hand_over(take_over)
    ask = AskAgain(options, settings, paths(), ignored_checks, force_os)
    how = How(yes, postpone or time is not None, not no_bench, json, time)
    with migrate_at.announcing(planned):
        _migrate(ask, how, planned)


def _check_options(from_docker: bool, redis: str, listen: str) -> None:
    if not from_docker:
        raise Problem("cannot migrate", "no source is given", "add --from-docker", code=ExitCode.USAGE)
    if redis not in ("auto", "empty"):
        raise Problem("cannot migrate", f"--redis {redis} is unknown", "use auto or empty", code=ExitCode.USAGE)
    migrate_listen.check(listen)


def _hand_over(take_over: bool) -> None:
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.flows.handover import NATIVE
    from omnimind_ops.runner.history import History

    hand_over(flow.current(History(paths().journal)), paths(), NATIVE, take_over=take_over)


def _dry_run(options: MigrateOptions, settings: Settings, ignored: frozenset[str], force_os: bool, json: bool) -> None:
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.planning import preflight
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History

    run = flow.current(History(paths().journal))
    if run is not None and run.state in flow.NATIVE:
        from omnimind_ops.flows import converge

        output.previews(converge.plan(), tuple(converge.preview(run, paths(), settings)), json=json)
        return
    prepared = flow.prepare(options, settings, paths(), ignored, force_os)
    output.fates(prepared.fates, json=json)
    output.checks(prepared.checks, json=json)
    output.rows(prepared.rows, json=json)
    output.notes(prepared.discovery.notes, json=json)
    output.previews(prepared.plan, tuple(flow.preview(prepared, paths())), json=json)
    preflight.refuse(prepared.checks)


@dataclass(frozen=True)
class How:
    """How to migrate; `time` is that of the planned cutover."""

    yes: bool
    postpone: bool
    bench: bool
    json: bool
    time: datetime | None = None


def _migrate(ask: AskAgain, how: How, planned: str) -> None:
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.render import choose
    from omnimind_ops.runner.history import History
    from omnimind_ops.runner.journal import Journal
    from omnimind_ops.runner.lock import hold

    with hold(paths().lock, calling_user(), "migrate"):
        run = flow.current(History(paths().journal))
        if planned and not migrate_at.is_due(run, planned, json=how.json):
            return
        if how.time:
            migrate_at.check_plannable(run)
    # Nothing is written, not even a journal, before all checks have passed and the user has agreed. Others may use the
    # lock while the question waits.
    prepared = None if run else _prepare(ask, how)
    with hold(paths().lock, calling_user(), "migrate"):
        run = flow.current(History(paths().journal))
        if run and prepared:
            why = f"another command started migration {run.id} meanwhile, it is {run.state}"
            raise Problem("cannot migrate", why, "look at it (omnimind runs), then run the command again")
        if run is not None and run.state in flow.NATIVE:
            _already_native(run, ask.settings, how)
            return
        with Journal(paths().journal) as journal:
            if run is not None and run.state in (RunState.ROLLING_BACK, RunState.FAILED):
                _roll_back(run, journal, how.json)
                raise _not_migrated(run)
            if run is not None:
                run = flow.resume(run, ask.options)
            elif prepared is not None:
                flow.keep_passwords(prepared, paths())
                run = flow.start(prepared, ask.options, ask.settings, journal)
            assert run is not None
            with choose(how.json) as show:
                outcome = flow.apply(
                    run, journal, paths(), show.tell, yes=how.yes, postpone=how.postpone, bench=how.bench, ask=ask
                )
                if how.time and outcome.state is RunState.POSTPONED:
                    migrate_at.plan(outcome.run, how.time, journal, show.tell, confirmed=how.yes)
            _end(outcome, how.json)


def _prepare(ask: AskAgain, how: How) -> Prepared:
    """Check the host, show the plan and ask for confirmation."""
    from omnimind_ops.flows import migrate as flow
    from omnimind_ops.planning import preflight
    from omnimind_ops.planning.moment import shown
    from omnimind_ops.render.run import output

    prepared = flow.prepare(ask.options, ask.settings, paths(), ask.ignored, ask.force_os)
    preflight.refuse(prepared.checks)
    output.before(prepared, json=how.json)
    if not ask.options.listen and not how.yes and (choice := migrate_listen.choose(prepared.open_ports)):
        prepared = prepared.listening(choice)
    when = f"at {shown(how.time)}" if how.time else "now"
    require_confirmation(f"Migrate project {prepared.discovery.project.name} {when}?", how.yes)
    return prepared


def _already_native(run: Run, settings: Settings, how: How) -> None:
    from omnimind_ops.flows import carry, confirm
    from omnimind_ops.render import choose
    from omnimind_ops.runner.journal import Journal

    with Journal(paths().journal) as journal:  # it is restored here if it was lost
        with choose(how.json) as show:
            carry.settle(run, journal, paths(), show.tell)
        if how.yes and run.state is RunState.UNCONFIRMED:
            run = confirm.confirm(run, journal, paths())
    _converge(run, settings, how.json)
    _exit_unconfirmed(run)


def _converge(run: Run, settings: Settings, json: bool) -> None:
    from omnimind_ops.flows import converge
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output

    with choose(json) as show:
        changed = converge.converge(run, paths(), settings, show.tell)
    text = f"already native since run {run.id}, which is {run.state}; {changed} changes"
    output.message(text, {"run": run.id, "changes": changed, "state": str(run.state)}, json=json)


def _roll_back(run: Run, journal: Journal, json: bool) -> None:
    """Continue the rollback of a run that failed or was rolling back."""
    from omnimind_ops.flows import rollback
    from omnimind_ops.render import choose

    with choose(json) as show:
        outcome = rollback.rollback(run, journal, paths(), show.tell)
    _end(outcome, json)


def _end(outcome: Outcome, json: bool) -> None:
    from omnimind_ops.flows import receipt
    from omnimind_ops.render.run import output

    output.summary(receipt.body(outcome.run, paths()), json=json)
    outcome.check()
    _exit_unconfirmed(outcome.run)


def _exit_unconfirmed(run: Run) -> None:
    """Exit with a code of its own if the native services run and nobody confirmed them yet."""
    if run.state is RunState.UNCONFIRMED:
        raise typer.Exit(int(ExitCode.UNCONFIRMED))


def _not_migrated(run: Run) -> Problem:
    return Problem(
        "cannot resume the migration",
        f"run {run.id} had to be rolled back first; that is done, and the containers run again",
        "run the same command again: it starts a new migration",
        code=ExitCode.ROLLED_BACK,
    )
