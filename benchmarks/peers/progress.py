"""Progress lines on stderr."""

from __future__ import annotations

import sys
import time


def report(text: str) -> None:
    """Print a line with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)
