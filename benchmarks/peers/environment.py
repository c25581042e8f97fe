"""Virtual environment of a peer: torch first, in the machine's build, then the pinned packages."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TORCH = "torch==2.13.0"


def environment(name: str) -> Path:
    """Return the Python of `.venv-NAME`, which is built from locks/NAME.txt if needed."""
    folder, lock = ROOT / f".venv-{name}", ROOT / "locks" / f"{name}.txt"
    python, stamp = folder / "bin/python", folder / "omnimind-stamp"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if stamp.exists() and stamp.read_text().strip() == digest:
        return python
    print(f"creating .venv-{name} (takes minutes, only once)", file=sys.stderr)
    subprocess.run((sys.executable, "-m", "venv", folder), check=True)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, TORCH), check=True)
    subprocess.run((*pip, "-r", lock), check=True)
    stamp.write_text(f"{digest}\n")
    return python
