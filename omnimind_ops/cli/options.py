"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths

if TYPE_CHECKING:
    from omnimind_ops.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line to stdout, nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")]
RunId = Annotated[str, typer.Option("--run", help="Run id (see `omnimind runs`). Default: the newest migration.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file. Default: /etc/omnimind/omnimind.toml.")]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", help="Treat this failing check as a warning. Repeatable.")
]
ForceOs = Annotated[bool, typer.Option("--force-os", help="Continue on an unsupported operating system.")]


def paths() -> Paths:
    """Return OmniMind's paths on this host."""
    return Paths()


def with_options(settings: Settings, **options: object) -> Settings:
    """Return settings with the given options; paths become absolute text."""
    from omnimind_ops.settings import changed

    values = {
        key: str(value.absolute()) if isinstance(value, Path) else value
        for key, value in options.items()
        if value is not None
    }
    return changed(settings, values)


def require_root(action: str) -> None:
    """Raise Problem unless the user is root."""
    if os.geteuid() != 0:
        raise Problem(
            f"cannot {action}",
            "it needs root",
            "run the same command as root (sudo, or su -)",
        )


def print_note() -> None:
    """Print one line on stderr if a migration is open or the journal is lost."""
    from omnimind_ops.flows.unfinished import note

    with suppress(Problem):  # what the command itself does with the journal says more
        if text := note(paths()):
            sys.stderr.write(f"note: {text}\n")


def calling_user() -> str:
    """Return the calling user, for the lock."""
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"


def terminal_password() -> Callable[[str], str] | None:
    """Return what asks for a password on the terminal without showing it; None without a terminal."""
    if not sys.stdin.isatty():
        return None
    return lambda question: str(typer.prompt(question, hide_input=True, err=True))


def require_confirmation(question: str, skip: bool) -> None:
    """Ask for confirmation unless `skip`; without a terminal to ask on, raise Problem."""
    if skip:
        return
    if not sys.stdin.isatty():
        raise Problem("cannot ask for confirmation", f"there is no terminal to answer: {question}", "add --yes")
    typer.confirm(question, abort=True)
