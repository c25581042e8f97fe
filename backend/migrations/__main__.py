"""`python -m backend.migrations`: bring the database to the newest revision. Safe twice, side by side, and when it is
killed.

Waits up to $OMNIMIND_MIGRATE_SECONDS (60) for PostgreSQL and for whoever migrates already. Prints one line that says
what it did. Exit codes: 0 the database is at the newest revision, 1 a revision failed and nothing was changed, 2
PostgreSQL or the lock was not to be had in time.
"""

from __future__ import annotations

import os
import sys

from backend.migrations.run import NotYet, upgrade
from backend.settings import load


def main() -> int:
    """Migrate, say it, and return the exit code."""
    try:
        before, after = upgrade(load(os.environ).postgres, float(os.environ.get("OMNIMIND_MIGRATE_SECONDS", "60")))
    except NotYet as error:
        sys.stderr.write(f"cannot migrate the database: {error}\n")
        return 2
    except Exception as error:  # any revision may fail in its own way: the message is what a person needs
        sys.stderr.write(
            f"cannot migrate the database, nothing was changed: {type(error).__name__}: {str(error).strip().splitlines()[0]}\n"
        )
        return 1
    sys.stdout.write(
        f"the database is at revision {after}"
        + (", nothing to do\n" if before == after else f", from {before or 'empty'}\n")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
