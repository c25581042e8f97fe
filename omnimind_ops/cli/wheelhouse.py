"""omnimind wheelhouse: a folder of wheels for hosts without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from omnimind_ops.cli.options import Json
from omnimind_ops.model.problem import ExitCode, Problem

LOCKS = ("cpu", "cu12", "cu13")


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create or update.")],
    python: Annotated[str, typer.Option("--python", help="Python version on the hosts: 3.11, 3.12 or 3.13.")] = "3.12",
    lock: Annotated[
        str, typer.Option("--lock", help="Package set: cpu, or cu12 or cu13 to match the hosts' NVIDIA driver.")
    ] = "cpu",
    glibc: Annotated[str, typer.Option("--glibc", help="Oldest glibc on the hosts (ldd --version).")] = "2.31",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be downloaded. Read-only.")] = False,
    json: Json = False,
) -> None:
    """Download a folder of wheels for hosts without network access.

    Use it with --wheelhouse DIR in `install.sh` and `migrate`.
    """
    from omnimind_ops.flows.wheelhouse import make
    from omnimind_ops.planning.check import size
    from omnimind_ops.render import choose
    from omnimind_ops.render.run import output

    order = make.order(folder.absolute(), _target(python, glibc, lock), lock)
    with choose(json) as show, make.running(order, show.tell):
        selection = make.prepare(order, show.tell)
        manifest = {} if dry_run else make.make(order, selection, show.tell)
    if dry_run:
        files = [{"name": wheel.name, "size": wheel.size, "sha256": wheel.sha256} for wheel in selection.wheels]
        output.message(
            f"{order.target}, lock {lock}: {selection}",
            {"download": selection.download_size, "files": files},
            json=json,
        )
        return
    total = sum(path.stat().st_size for path in order.folder.glob("*.whl"))
    text = f"{order.folder}: {len(selection.wheels) + 1} wheels, {size(total)}, for {order.target}, lock {lock}"
    output.message(text, manifest, json=json)


def _target(python: str, glibc: str, lock: str):  # type: ignore[no-untyped-def]
    from omnimind_ops.model.wheelhouse import Target
    from omnimind_ops.observe.interpreters import PYTHONS, VERSIONS

    error = "cannot create the wheelhouse"
    if python not in VERSIONS:
        raise Problem(error, f"--python {python}: omnimind runs on {PYTHONS}", "use one of these", code=ExitCode.USAGE)
    if lock not in LOCKS:
        raise Problem(error, f"--lock {lock} is unknown", f"use {', '.join(LOCKS)}", code=ExitCode.USAGE)
    if not re.fullmatch(r"2\.\d{1,2}", glibc):
        raise Problem(
            error,
            f"--glibc {glibc} is not a glibc version",
            "use the version that `ldd --version` prints, for example 2.31",
            code=ExitCode.USAGE,
        )
    return Target(python, (2, int(glibc.partition(".")[2])))
