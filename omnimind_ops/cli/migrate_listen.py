"""--listen: where the native services listen that replace containers other hosts can reach."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from omnimind_ops.model.problem import ExitCode, Problem

LISTEN = ("as-before", "loopback")
Listen = Annotated[
    str,
    typer.Option(
        "--listen",
        metavar="as-before|loopback",
        help="Where the native services listen: where the containers' ports were open to other hosts too, or only here.",
    ),
]


def check(listen: str) -> None:
    """Raise Problem for a choice that does not exist."""
    if listen not in ("", *LISTEN):
        fix = f"use {' or '.join(LISTEN)}"
        raise Problem("cannot migrate", f"--listen {listen} is unknown", fix, code=ExitCode.USAGE)


def choose(ports: Sequence[str]) -> str:
    """Ask whether what other hosts can reach now stays open; return the choice, "" if there is nothing or no terminal."""
    if not ports or not sys.stdin.isatty():
        return ""
    question = f"Other hosts can reach {', '.join(ports)} now. Keep these open, with the native services' passwords?"
    as_before, loopback = LISTEN
    return as_before if typer.confirm(question, default=False, err=True) else loopback
