"""A program in its own folder, with everything it needs to start.

FOLDER/qdrant         the program, an exact copy
FOLDER/lib/           the loader and libraries of its container, if this host's do not fit
FOLDER/loader/qdrant  a link to that loader: the kernel names a process by the file that was started
FOLDER/static/        its web UI, if it has one
FOLDER/program.json   its version and where its libraries come from
FOLDER/start          the script that starts it, whichever way
"""

from __future__ import annotations

from pathlib import Path

PROGRAM, START, FACTS, LIBRARIES, LOADER, STATIC = "qdrant", "start", "program.json", "lib", "loader", "static"
MUSL = "ld-musl"
COMMENT = "# Written by omnimind. How the program beside it is started: docs/decisions/015."


def argv(folder: Path) -> tuple[str, ...]:
    """Return the command that starts the program in this folder; append the program's own arguments."""
    start = folder / START
    return (str(start if start.exists() else folder / PROGRAM),)


def start_script(loader: str = "") -> str:
    """Return FOLDER/start: with the loader of this name in lib/, or without one. The folder may move."""
    if not loader:
        command = f'exec "$here/{PROGRAM}" "$@"'
    else:
        # Ignore the host's library cache: those libraries belong to another glibc.
        flags = "" if loader.startswith(MUSL) else "--inhibit-cache "
        command = f'exec "$here/{LOADER}/{PROGRAM}" {flags}--library-path "$here/{LIBRARIES}" "$here/{PROGRAM}" "$@"'
    return f'#!/bin/sh\n{COMMENT}\nhere=$(dirname "$(readlink -f "$0")")\n{command}\n'
