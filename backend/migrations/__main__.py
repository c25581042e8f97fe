"""`python -m backend.migrations`: upgrade the database to the newest revision.

It may run twice, run concurrently and be killed. It waits up to $OMNIMIND_MIGRATE_SECONDS (60) for PostgreSQL and for a
running migration, and prints one line with the result.

Exit codes: 0 the database is at the newest revision; 1 a revision failed and nothing was changed; 2 PostgreSQL or the
lock was not available in time.
"""

from __future__ import annotations

import os
import sys

from backend.migrations.run import DatabaseUnavailable, upgrade
from backend.settings import load


def main() -> int:
    """Migrate, report the result, and return the exit code."""
    try:
        before, after = upgrade(load(os.environ).postgres_dsn, float(os.environ.get("OMNIMIND_MIGRATE_SECONDS", "60")))
    except DatabaseUnavailable as error:
        sys.stderr.write(f"cannot migrate the database: {error}\n")
        return 2
    except Exception as error:  # a revision can fail in any way: the message is what the user needs
        sys.stderr.write(
            "cannot migrate the database; nothing was changed: "
            f"{type(error).__name__}: {str(error).strip().splitlines()[0]}\n"
        )
        return 1
    sys.stdout.write(
        f"the database is at revision {after}"
        + (", nothing to do\n" if before == after else f", from {before or 'empty'}\n")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
