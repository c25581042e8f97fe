"""A virtual environment of a peer: torch first, as the machine has it, then the pinned rest."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TORCH = "torch==2.13.0"


def environment(name: str) -> Path:
    """Return the Python of `.venv-NAME`, made from locks/NAME.txt unless it is there already."""
    folder, lock = ROOT / f".venv-{name}", ROOT / "locks" / f"{name}.txt"
    python, stamp = folder / "bin/python", folder / "omnimind-stamp"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if stamp.exists() and stamp.read_text().strip() == wanted:
        return python
    print(f"making .venv-{name} (minutes, once)", file=sys.stderr)
    subprocess.run((sys.executable, "-m", "venv", folder), check=True)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, TORCH), check=True)
    subprocess.run((*pip, "-r", lock), check=True)
    stamp.write_text(f"{wanted}\n")
    return python
