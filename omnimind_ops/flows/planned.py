"""Use case: a cutover at a planned time, by a timer of systemd that outlives the terminal and a reboot.

A time that passes while the machine is off is not made up for: see decision 034.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from os import environ
from pathlib import Path

from omnimind_ops.flows import handover, receipt
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import AskNotes
from omnimind_ops.model.planned import LATE, STEP, planned
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.paths import Paths
from omnimind_ops.planning.moment import shown
from omnimind_ops.runner.events import EventRecorder
from omnimind_ops.runner.journal import Journal
from omnimind_ops.settings import PREFIX, RULES
from omnimind_ops.tools.shell import run as shell
from omnimind_ops.tools.template import render, word

UNIT = "omnimind-cutover"
VARIABLES = frozenset(f"{PREFIX}{name.upper()}" for name in (*RULES, "config"))
"""Settings that the environment may have; none of them is a secret."""
FORMAT = "%Y-%m-%d %H:%M:%S UTC"


def check_plannable(run: Run | None) -> None:
    """Raise Problem if the run's cutover has begun; None is a run that does not exist yet."""
    record = run.record(STEP) if run else None
    if run is not None and (record is None or record.status is not Status.TODO):
        raise Problem(
            "cannot plan a cutover",
            f"that of run {run.id} has begun; the run is {run.state}",
            "run the same command without --at: it goes on now, or says what is possible",
        )


def plan(run: Run, at: datetime, words: Sequence[str], journal: Journal, paths: Paths, tell: Tell) -> Run:
    """Let a postponed run go on at that time, with the command line `words`. It replaces an earlier time."""
    if datetime.now(UTC) >= at:
        raise Problem(
            f"cannot cut over at {shown(at)}",
            "the copy took longer, and the time has passed; nothing was stopped",
            "run the same command with another --at, or without it to cut over now",
        )
    journal.memo(run.id, STEP, AskNotes).write(AskNotes(at.isoformat(timespec="seconds")))
    command = (str(handover.timer_command(paths)), *words, "--planned", run.id)
    values = {
        "run": run.id,
        "command": " ".join(word(part).replace("$", "$$") for part in command),
        "folder": str(Path.cwd()).replace("%", "%%"),
        "variables": {name: value for name, value in environ.items() if name in VARIABLES},
        "time": at.strftime(FORMAT),
    }
    for suffix in ("service", "timer"):
        _path(paths, suffix).write_text(render(f"systemd/{UNIT}.{suffix}.j2", values))
    shell(("systemctl", "daemon-reload"))
    shell(("systemctl", "enable", f"{UNIT}.timer"))
    shell(("systemctl", "restart", f"{UNIT}.timer"))
    EventRecorder(journal, run.id, tell)(line(STEP, f"the cutover is planned for {shown(at)}"))
    run = journal.run(run.id)
    receipt.write(run, paths)
    return run


def is_due(run: Run | None, id: str, journal: Journal, paths: Paths, tell: Tell) -> bool:
    """Return whether the timer's command may begin the cutover of run `id`; raise Problem if it is too late for it.

    It may not if the run was cancelled, went on already, or was planned for a later time meanwhile.
    """
    at, now = planned(run) if run else None, datetime.now(UTC)
    if run is None or run.id != id or run.state is not RunState.POSTPONED or at is None:
        remove(paths)
        return False
    if now > at + LATE:
        why = f"the cutover was planned for {shown(at)}, and could not begin within {LATE.seconds // 60} min"
        EventRecorder(journal, run.id, tell)(warning(f"{why}: it is left out", STEP))
        disarm(paths)
        raise Problem(f"cannot begin the cutover of run {id}", why, again(run))
    return now >= at


def again(run: Run) -> str:
    """Return what to do with a postponed run."""
    return (
        "cut over now: run the same `omnimind migrate` without --at; at another time: with --at; "
        f"or cancel it: omnimind rollback --run {run.id}"
    )


def disarm(paths: Paths) -> None:
    """Stop the timer: the run goes on now. Its units stay, because this may run in one of them."""
    if _path(paths, "timer").exists():
        shell(("systemctl", "disable", "--now", f"{UNIT}.timer"))


def remove(paths: Paths) -> None:
    """Stop the timer and remove both units; do nothing if there are none."""
    disarm(paths)
    files = [path for suffix in ("timer", "service") if (path := _path(paths, suffix)).exists()]
    for path in files:
        path.unlink()
    if files:
        shell(("systemctl", "daemon-reload"))


def words_of(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without what is only meant for the command that plans."""
    kept: list[str] = []
    is_time = False
    for part in argv:
        if not is_time and part not in ("--at", "--json", "--take-over") and not part.startswith("--at="):
            kept.append(part)
        is_time = part == "--at"
    return tuple(kept)


def _path(paths: Paths, suffix: str) -> Path:
    return paths.root / f"etc/systemd/system/{UNIT}.{suffix}"
