"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths

if TYPE_CHECKING:
    from omnimind_ops.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout, nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
RunId = Annotated[
    str, typer.Option("--run", help="A run's id (see `omnimind runs`); the newest migration unless given.")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file; /etc/omnimind/omnimind.toml unless given.")
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", help="Turn one failing check into a warning; may be repeated.")
]
ForceOs = Annotated[bool, typer.Option("--force-os", help="Go on although this operating system is not supported.")]


def paths() -> Paths:
    """Return where this host keeps our things."""
    return Paths()


def chosen(settings: Settings, **options: object) -> Settings:
    """Return settings with the options that were given; paths become absolute text."""
    words = {
        key: str(value.absolute()) if isinstance(value, Path) else value
        for key, value in options.items()
        if value is not None
    }
    return settings.model_copy(update=words)


def need_root(doing: str) -> None:
    """Refuse unless root."""
    if os.geteuid() != 0:
        raise Problem(
            f"cannot {doing}",
            "it changes system services and needs root",
            "run the same command as root (sudo, or su -)",
        )


def who() -> str:
    """Return who asked, for the lock."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"


def sure(question: str, yes: bool) -> None:
    """Ask unless told not to; without a terminal, not being told is a Problem."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem("cannot ask", f"there is no terminal to answer: {question}", "add --yes")
    typer.confirm(question, abort=True)
