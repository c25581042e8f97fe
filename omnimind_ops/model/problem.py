"""Problem: the only error that is shown to the user."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; documented in docs/exit-codes.md."""

    OK = 0
    PROBLEM = 1
    ROLLED_BACK = 3
    NOT_INSTALLED = 4
    BUSY = 5
    UNCONFIRMED = 6  # of `omnimind migrate`: migrated, waits for `omnimind confirm`
    NO_WAY_BACK = 7  # the old containers cannot come back; nothing was undone
    USAGE = 64
    THRESHOLD = 99  # of `omnimind bench`: a --require does not hold; the same code as k6
    INTERRUPTED = 130


class Problem(Exception):  # noqa: N818 a person sees a problem, not an error
    """An operation failed: `what` (starts with "cannot"), `why`, and `fix`, the next thing to do."""

    def __init__(
        self, what: str, why: str, fix: str, *, code: ExitCode = ExitCode.PROBLEM, log: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.code = code
        self.log = log

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"
