"""What happens by itself, and what the command does that a person or a unit runs next."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.planning.run_cells import (
    BACK,
    FORWARD,
    MIGRATION,
    NO_WAY_BACK,
    OK,
    PROBLEM,
    ROLLED_BACK,
    UNSTARTED,
    Cell,
    Column,
    S,
    T,
    Trigger,
    by_command,
    refused,
    stays,
    to,
)

_NOTHING_RUNS = "nothing is at work that could be killed"
_FROM_BOOT = "omnimind-resume.service, which a run installs before its first change, runs `resume`"

EVENTS: Mapping[Trigger, Column] = {
    T.KILL: {
        **stays(set(S) - {S.AT_WORK}, _NOTHING_RUNS, None),
        S.AT_WORK: Cell(S.WARM, None, "“cut off”, by the step that was at work; every step is tried on the model"),
    },
    T.REBOOT: {
        **stays(set(S) - {S.AT_WORK, S.CUTOVER, S.ARRIVING, S.CARRYING, *BACK}, "the side that serves comes back by itself", None),
        S.AT_WORK: Cell(S.WARM, None, "“cut off”, by the step that was at work"),
        S.CUTOVER: Cell(S.ROLLED_BACK, None, f"{_FROM_BOOT}: back"),
        S.ARRIVING: Cell(S.CONFIRMED, None, f"{_FROM_BOOT}, with `--yes` if that was asked for: forward"),
        S.RETURNING: Cell(S.ROLLED_BACK, None, f"{_FROM_BOOT}: back", proof="tests/e2e/test_killed.py"),
        S.CARRYING: Cell(S.CONFIRMED, None, f"{_FROM_BOOT}: takes back what was carried"),
        S.FAILED: Cell(S.FAILED, None, f"{_FROM_BOOT}: it tries again, and says again what cannot be undone"),
    },
    T.NO_DOCKER: {
        **by_command(T.MIGRATE, refused((S.NONE,), "refused before anything is changed")),
        **by_command(T.MIGRATE, to(S.CONFIRMED, (S.AT_WORK,), "after the stop of the containers Docker is not needed; "
              "before, the step fails and the run stays open until Docker answers")),
        **by_command(T.ROLLBACK, to(S.ROLLED_BACK, UNSTARTED, "needs no Docker: no container was touched")),
        **by_command(T.RESUME, refused((S.CUTOVER,), "nothing is changed; start Docker, then again", NO_WAY_BACK)),
        **by_command(T.RESUME, to(S.UNCONFIRMED, (S.ARRIVING,), "goes forward without Docker")),
        **by_command(T.ROLLBACK, refused((S.UNCONFIRMED, S.CONFIRMED), "refused: the native services keep running",
              NO_WAY_BACK)),
        **by_command(T.RESUME, refused((S.RETURNING,), "nothing is changed; start Docker, then again", NO_WAY_BACK)),
        **by_command(T.RESUME, to(S.CONFIRMED, (S.CARRYING,), "needs no Docker before the old stores were started; "
              "afterwards refused: start Docker, then again")),
        **by_command(T.ANYWAY, to(S.ROLLED_BACK, (S.FAILED,),
              "needs no Docker where all containers were started before")),
        **by_command(T.ROLLBACK, stays((S.ROLLED_BACK,), "nothing: it is rolled back")),
        **by_command(T.UP, stays((S.FINISHED,), "nothing needs Docker any more")),
        **by_command(T.ROLLBACK, to(S.CONFIRMED, (S.LOST,), "the journal is made again; then refused as above",
              NO_WAY_BACK)),
    },
    T.GONE: {
        **by_command(T.MIGRATE, refused((S.NONE,), "refused: there is no project")),
        **by_command(T.MIGRATE, to(S.CONFIRMED, (S.AT_WORK,), "after the stop of the containers they are not needed; "
              "before, the step fails, and what is left is started")),
        **by_command(T.ROLLBACK, to(S.ROLLED_BACK, UNSTARTED, "needs no container: none was touched")),
        **by_command(T.RESUME, to(S.FAILED, (S.CUTOVER,), "starts what is left; the rest is named, with the command "
              "that creates it again from its volumes and folders", PROBLEM)),
        **by_command(T.RESUME, to(S.UNCONFIRMED, (S.ARRIVING,), "goes forward: they are not needed")),
        **by_command(T.ROLLBACK, refused((S.UNCONFIRMED, S.CONFIRMED), "refused: the native services keep running; "
              "`confirm` and `finish` keep them", NO_WAY_BACK)),
        **by_command(T.RESUME, to(S.FAILED, (S.RETURNING,), "starts what is left; the rest is named, with the command "
              "that creates it again from its volumes and folders", PROBLEM)),
        **by_command(T.RESUME, to(S.CONFIRMED, (S.CARRYING,), "they are not needed to take back what was carried")),
        **by_command(T.ANYWAY, to(S.ROLLED_BACK, (S.FAILED,), "ends the run with what is left")),
        **by_command(T.ROLLBACK, stays((S.ROLLED_BACK,), "nothing: it is rolled back")),
        **by_command(T.UP, stays((S.FINISHED,), "nothing needs them any more")),
        **by_command(T.ROLLBACK, to(S.CONFIRMED, (S.LOST,), "the journal is made again; then refused as above",
              NO_WAY_BACK)),
    },
    T.RECREATED: {
        S.NONE: Cell(S.CONFIRMED, OK, "the new ones are migrated", T.MIGRATE, proof=MIGRATION),
        **by_command(T.MIGRATE, to(S.CONFIRMED, (S.AT_WORK,), "after the stop of the containers they are not needed; "
              "before, the step fails, and the new ones are started")),
        **by_command(T.ROLLBACK, to(S.ROLLED_BACK, (*FORWARD, *BACK[:1], S.UNCONFIRMED, S.CONFIRMED, S.CARRYING, S.LOST),
              "the new ones are started in place of the old ones if they have the same data; "
              "else as where they are removed")),
        **by_command(T.ANYWAY, to(S.ROLLED_BACK, (S.FAILED,),
              "the new ones are started; what cannot be undone is left")),
        **by_command(T.ROLLBACK, stays((S.ROLLED_BACK,), "nothing: it is rolled back")),
        **by_command(T.UP, stays((S.FINISHED,), "nothing needs them any more")),
    },
    T.DISK_FULL: {
        S.NONE: Cell(S.NONE, PROBLEM, "refused before anything is changed", T.MIGRATE, True,
              "tests/e2e/test_refused.py"),
        **by_command(T.MIGRATE, to(S.ROLLED_BACK, (S.AT_WORK, *FORWARD), "the step fails and everything goes back",
              ROLLED_BACK)),
        **by_command(T.ROLLBACK, to(S.ROLLED_BACK, (S.UNCONFIRMED, S.CONFIRMED),
              "needs no space: renames, and a reserve for the journal")),
        **by_command(T.RESUME, to(S.ROLLED_BACK, (S.RETURNING,), "needs no space")),
        **by_command(T.RESUME, to(S.CONFIRMED, (S.CARRYING,), "needs no space")),
        **by_command(T.ANYWAY, to(S.ROLLED_BACK, (S.FAILED,), "needs no space")),
        **by_command(T.ROLLBACK, stays((S.ROLLED_BACK,), "nothing: it is rolled back")),
        **by_command(T.UP, stays((S.FINISHED,), "starts the native services")),
        **by_command(T.RUNS, stays((S.LOST,), "lists them from the receipts; a change needs space for a journal")),
    },
}  # fmt: skip
