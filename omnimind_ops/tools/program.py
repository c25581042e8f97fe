"""A program in a folder of its own, with all that it needs to start.

FOLDER/qdrant         the program, byte for byte as it was found
FOLDER/lib/           its loader and libraries, where the host's do not do
FOLDER/static/        its web UI, if it has one
FOLDER/program.json   what is known of it
FOLDER/start          the script that starts it, however that is done
"""

from __future__ import annotations

from pathlib import Path

PROGRAM, START, FACTS, LIBRARIES, STATIC = "qdrant", "start", "program.json", "lib", "static"


def argv(folder: Path) -> tuple[str, ...]:
    """Return the words that start the program in this folder; its own arguments follow."""
    start = folder / START
    return (str(start if start.exists() else folder / PROGRAM),)
