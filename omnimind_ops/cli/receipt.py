"""omnimind receipt [verify]: what a run did, and whether that still holds."""

from __future__ import annotations

from typing import Annotated

import typer

from omnimind_ops.cli.options import Json, RunId, need_root, paths
from omnimind_ops.model.problem import ExitCode, Problem


def command(
    act: Annotated[str, typer.Argument(help="show or verify.")] = "show",
    run: RunId = "",
    json: Json = False,
) -> None:
    """Show or verify a run's receipt. `verify` checks its digest, its plan and the old data that it covers."""
    if act not in ("show", "verify"):
        raise Problem("cannot do that with a receipt", f"{act} is unknown", "use show or verify", code=ExitCode.USAGE)
    need_root("read the receipt")
    from omnimind_ops.flows import receipt, resolve_run
    from omnimind_ops.render.run import output
    from omnimind_ops.runner.history import History

    found = resolve_run.migration(History(paths().journal), run)
    body = receipt.read(found.id, paths())
    if act == "show":
        output.receipt(body, json=json)
        return
    lines = receipt.verify(body, found)
    output.verified(lines, json=json)
    if not all(good for _, good, _ in lines):
        raise typer.Exit(int(ExitCode.PROBLEM))
