"""`python -m backend.engine`: the engine, on the unix socket that systemd or supervisor passes, else on
127.0.0.1:$OMNIMIND_PORT.
"""

from __future__ import annotations

import os
import sys

from backend.engine import installed
from omnimind_ops.model.problem import Problem

CANNOT = 78
"""Exit code: trying again would not help (EX_CONFIG of sysexits.h)."""
PORT = 8900
"""Only where no socket is passed, on a developer's machine."""


def main() -> None:
    """Serve until told to stop; what cannot be is said in one line, within a second."""
    try:
        installed.check(os.environ.get("OMNIMIND_MODEL") or "")
        from backend.engine.settings import find, load

        settings = load(os.environ)
        if settings.model.startswith("/"):
            find(settings.model)  # a name on the hub may be long in coming: that is for the start itself
    except Problem as problem:
        sys.stderr.write(f"{problem}\nfix: {problem.fix}\n")
        sys.exit(CANNOT)
    if lost := installed.quantum():
        sys.stderr.write(f"warning: {lost}\n")
    from backend.engine.app import Engine
    from backend.http.server import serve

    serve(Engine(settings), int(os.environ.get("OMNIMIND_PORT", PORT)))


if __name__ == "__main__":
    main()
