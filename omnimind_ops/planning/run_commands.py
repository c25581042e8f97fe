"""What each command does in every situation, where nothing else is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.model.problem import ExitCode
from omnimind_ops.planning.run_cells import (
    BACK,
    FORWARD,
    MIGRATION,
    NATIVE,
    NOT_INSTALLED,
    OK,
    OPEN,
    PROBLEM,
    ROLLED_BACK,
    UNSTARTED,
    Cell,
    Column,
    S,
    T,
    Trigger,
    refused,
    stays,
    to,
)

NO_RUN = refused((S.NONE,), "refused: there is no migration", NOT_INSTALLED)
NOT_THERE = refused((S.NONE,), "refused: OmniMind is not installed", NOT_INSTALLED)
BUSY = refused((S.AT_WORK,), "refused: names the command at work, its process and since when", ExitCode.BUSY)
_CONTINUE_OR_UNDO = "refused: says how to continue and how to undo"
_UNDO = "refused: says how to undo"
_REFUSED = {
    **refused(FORWARD, _CONTINUE_OR_UNDO),
    **refused(BACK, _UNDO),
    **refused((S.CARRYING,), "refused: says how to take back what was carried, and how to go on to the containers"),
}
_CANNOT_MEND = "the step that cannot be undone is named again, with the two ways on: mend it, or `rollback --anyway`"

COMMANDS: Mapping[Trigger, Column] = {
    T.MIGRATE: {
        S.NONE: Cell(
            S.CONFIRMED, OK, "migrates and confirms; without `--yes` it waits for `confirm`: exit 6", proof=MIGRATION
        ),
        **BUSY,
        **to(S.CONFIRMED, FORWARD, "continues, compares and confirms; if a step fails it goes back: exit 3"),
        **to(S.CONFIRMED, (S.UNCONFIRMED,), "confirms and corrects drift; without `--yes`: exit 6"),
        S.RETURNING: Cell(S.ROLLED_BACK, ROLLED_BACK, "completes the rollback; the next `migrate` starts anew"),
        S.FAILED: Cell(S.FAILED, PROBLEM, _CANNOT_MEND),
        S.ROLLED_BACK: Cell(S.CONFIRMED, OK, "starts a new migration", proof="tests/e2e/test_killed.py"),
        **stays((S.CONFIRMED, S.FINISHED), "corrects drift"),
        **to(S.CONFIRMED, (S.CARRYING,), "takes back what was carried, then corrects drift"),
        **to(S.CONFIRMED, (S.LOST,), "makes the journal again from the receipts, then corrects drift"),
    },
    T.RESUME: {
        **NO_RUN,
        **BUSY,
        **stays(UNSTARTED, "nothing: the containers serve, and `migrate` continues when you want"),
        **to(S.ROLLED_BACK, (S.CUTOVER,), "goes back: the old stores may be needed and do not start by themselves"),
        **to(S.UNCONFIRMED, (S.ARRIVING,), "goes forward and waits for `confirm`; with `--yes` it confirms"),
        **to(S.ROLLED_BACK, (S.RETURNING,), "completes the rollback"),
        S.FAILED: Cell(S.FAILED, PROBLEM, _CANNOT_MEND),
        **stays((*NATIVE, S.ROLLED_BACK), "nothing: one side serves"),
        **to(S.CONFIRMED, (S.CARRYING,), "takes back what was carried: the old data is as it was, the native side serves"),
        **to(S.CONFIRMED, (S.LOST,), "makes the journal again from the receipts"),
    },
    T.CONFIRM: {
        **NO_RUN,
        **BUSY,
        **_REFUSED,
        **to(S.CONFIRMED, (S.UNCONFIRMED,), "keeps the native services and ends the timer"),
        **stays((S.CONFIRMED,), "nothing: it is confirmed"),
        **refused((S.ROLLED_BACK,), "refused: says that the containers serve"),
        **refused((S.FINISHED,), "refused: says that there is nothing left to confirm"),
        **to(S.CONFIRMED, (S.LOST,), "makes the journal again from the receipts"),
    },
    T.ROLLBACK: {
        **NO_RUN,
        **BUSY,
        **to(S.ROLLED_BACK, UNSTARTED, "forgets what was copied; the containers were never touched"),
        **to(S.ROLLED_BACK, (S.CUTOVER, S.ARRIVING), "starts the containers again"),
        **to(S.ROLLED_BACK, (S.UNCONFIRMED, S.CONFIRMED), "stops the native services and starts the containers"),
        **to(S.ROLLED_BACK, (S.RETURNING,), "completes the rollback"),
        S.FAILED: Cell(S.FAILED, PROBLEM, _CANNOT_MEND),
        **to(S.ROLLED_BACK, (S.CARRYING,), "takes back what was carried, then starts the containers; with `--with-data` "
             "it carries anew"),
        **stays((S.ROLLED_BACK,), "nothing: it is rolled back"),
        **refused((S.FINISHED,), "refused: `finish` deleted the old stack"),
        **to(S.ROLLED_BACK, (S.LOST,), "makes the journal again from the receipts, then starts the containers"),
    },
    T.ANYWAY: {
        **NO_RUN,
        **BUSY,
        **to(
            S.ROLLED_BACK,
            (*FORWARD, S.UNCONFIRMED, S.CONFIRMED, S.RETURNING, S.CARRYING),
            "as `rollback`, and starts what is left",
        ),
        **to(S.ROLLED_BACK, (S.FAILED,), "leaves what cannot be undone as it is, names it, and ends the run"),
        **stays((S.ROLLED_BACK,), "nothing: it is rolled back"),
        **refused((S.FINISHED,), "refused: `finish` deleted the old stack"),
        **to(S.ROLLED_BACK, (S.LOST,), "as `rollback`, and starts what is left"),
    },
    T.FINISH: {
        **NO_RUN,
        **BUSY,
        **_REFUSED,
        **refused((S.UNCONFIRMED,), "refused: confirm it first"),
        **to(S.FINISHED, (S.CONFIRMED,), "deletes the old containers, the volumes that were moved, and parked data"),
        **stays((S.ROLLED_BACK,), "deletes what rollbacks parked, and nothing of the containers"),
        **stays((S.FINISHED,), "nothing: it is finished"),
        **to(S.FINISHED, (S.LOST,), "makes the journal again from the receipts, then deletes"),
    },
    T.CONVERGE: {
        **refused((S.NONE, S.ROLLED_BACK), "refused: this host is not native", NOT_INSTALLED),
        **BUSY,
        **_REFUSED,
        **stays(NATIVE, "corrects drift"),
        **stays((S.LOST,), "corrects drift; reads the run from its copy"),
    },
    T.UP: {
        S.NONE: Cell(S.NONE, OK, "starts an embedded system", proof="tests/e2e/test_operate.py"),
        **BUSY,
        **_REFUSED,
        **stays((*NATIVE, S.LOST), "starts the native services"),
        **refused((S.ROLLED_BACK,), "refused: the containers are the system; says how to start them"),
    },
    T.RESTART: {
        **NOT_THERE,
        **BUSY,
        **_REFUSED,
        **stays((*NATIVE, S.LOST), "restarts the native services"),
        **refused((S.ROLLED_BACK,), "refused: the containers are the system; says how to start them"),
    },
    T.DOWN: {
        **NOT_THERE,
        **BUSY,
        **stays(OPEN, "stops native services that run, and says that a run is open"),
        **stays((*NATIVE, S.LOST), "stops the native services"),
        **stays((S.ROLLED_BACK,), "stops native services that run; containers are not its business"),
    },
    T.HEALTH: {
        **stays((S.NONE,), "says that OmniMind is not installed", NOT_INSTALLED),
        **stays((S.AT_WORK,), "asks without writing to a store, because it may be compared", None),
        **stays(OPEN, "asks every service, and says on stderr that a run is open", None),
        **stays((*NATIVE, S.ROLLED_BACK, S.LOST), "asks every service", None),
    },
    T.RUNS: {
        **stays(set(S) - {S.LOST}, "lists runs and states"),
        **stays((S.LOST,), "lists them from the receipts, and says so"),
    },
    T.RECEIPT: {
        **NO_RUN,
        **stays(set(S) - {S.NONE, S.AT_WORK, *OPEN}, "shows the receipt"),
        **stays(
            (S.AT_WORK, *OPEN), "shows the newest receipt of the run; one that never stopped has none: exit 1", None
        ),
    },
}  # fmt: skip
