"""The command line: one file per command, named after it: options → flow → render.

Only this package prints a Problem and chooses exit codes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from omnimind_ops.model.problem import Problem


def main() -> None:
    """Run the command line; every exit code is documented (docs/exit-codes.md)."""
    from typer import Abort
    from typer.exceptions import TyperException

    from omnimind_ops.cli.app import app
    from omnimind_ops.model.problem import ExitCode, Problem

    try:
        code = app(prog_name="omnimind", standalone_mode=False)
    except Problem as problem:
        _fail(problem)
    except Abort:
        sys.stderr.write("not confirmed; nothing was changed\n")
        sys.exit(int(ExitCode.PROBLEM))
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{error}\n")
            sys.exit(int(ExitCode.USAGE))
        from omnimind_ops.cli import usage

        _fail(usage.problem(error, app, sys.argv[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command to resume (a migration: `omnimind rollback` undoes it)\n")
        sys.exit(int(ExitCode.INTERRUPTED))
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _fail(problem: Problem) -> NoReturn:
    """Print the Problem and exit with its code."""
    from omnimind_ops.render.problem import show

    show(problem, as_json="--json" in sys.argv)
    sys.exit(int(problem.code))
