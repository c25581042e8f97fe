"""omnimind receipt [verify]: what a run did, and whether that still holds."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.options import Json, RunId, paths, print_note, require_root
from omnimind_ops.model.problem import ExitCode, Problem


def command(
    action: Annotated[str, typer.Argument(help="show or verify.")] = "show",
    run: RunId = "",
    json: Json = False,
) -> None:
    """Show or verify a run's receipt. `verify` checks its digest, its plan and the old data that it covers."""
    if action not in ("show", "verify"):
        raise Problem(
            f"unknown action {action}", "a receipt can be shown or verified", "use show or verify", code=ExitCode.USAGE
        )
    require_root("read the receipt")
    from omnimind_ops.flows import receipt, resolve_run
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History

    print_note()
    run_of_receipt = resolve_run.migration(History(paths().journal), run)
    body = receipt.read(run_of_receipt.id, paths())
    if action == "show":
        output.receipt(body, json=json)
        return
    results = receipt.verify(body, run_of_receipt)
    output.verified(results, json=json)
    if not all(good for _, good, _ in results):
        raise typer.Exit(int(ExitCode.PROBLEM))
