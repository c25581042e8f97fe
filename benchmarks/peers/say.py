"""Progress: one line on stderr."""

from __future__ import annotations

import sys
import time


def say(text: str) -> None:
    """Say it, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)
