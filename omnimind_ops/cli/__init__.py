"""The command line: one file per command, named after it: options → flow → render.

Only this package prints a Problem and chooses exit codes.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every exit code is documented (docs/exit-codes.md)."""
    from omnimind_ops.cli.app import app
    from omnimind_ops.model.problem import ExitCode, Problem

    _wrong_usage_exits_with(int(ExitCode.USAGE))
    as_json = "--json" in sys.argv
    try:
        app(standalone_mode=True)
    except Problem as problem:
        from omnimind_ops.render.problem import show

        show(problem, as_json=as_json)
        sys.exit(int(problem.code))
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command to resume (a migration: `omnimind rollback` undoes it)\n")
        sys.exit(int(ExitCode.INTERRUPTED))


def _wrong_usage_exits_with(code: int) -> None:
    """Make an unknown option exit with `code` instead of click's 2, which means "degraded" in `omnimind health`.

    Typer includes its own copy of click.
    """
    import typer

    usage = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
    usage.exit_code = code  # type: ignore[attr-defined]
