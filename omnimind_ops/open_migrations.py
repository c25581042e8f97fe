"""python -m omnimind_ops.open_migrations: print one line for each open migration.

The line has its ID, its state, and the environment that started it ("-" if install.sh does not manage that). install.sh
runs it before it removes environments.
"""

from __future__ import annotations

import sys

from omnimind_ops.flows import handover
from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths
from omnimind_ops.runner.history import History


def main() -> int:
    """Print the lines; return the exit code."""
    paths = Paths()
    try:
        for run, folder in handover.open_migrations(History(paths.journal), paths):
            sys.stdout.write(f"{run.id} {run.state.replace(' ', '-')} {folder or '-'}\n")
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
