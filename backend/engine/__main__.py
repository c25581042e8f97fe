"""`python -m backend.engine`: the engine, on the unix socket from systemd or supervisor.

Without a socket, it listens on 127.0.0.1:$OMNIMIND_PORT.
"""

from __future__ import annotations

import os
import sys

from backend.engine import installed
from omnimind_ops.model.problem import Problem

PORT = 8900
"""Used only if no socket is passed, as on a developer's machine."""


def main() -> None:
    """Serve until SIGTERM. A configuration error is reported in one line within a second."""
    try:
        installed.check(os.environ.get("OMNIMIND_MODEL") or "")
        from backend.engine.settings import find, load

        settings = load(os.environ)
        if settings.model.startswith("/"):
            find(settings.model)  # a model from the hub may take long to download: that is left to the startup
    except Problem as problem:
        sys.stderr.write(f"{problem}\nfix: {problem.fix}\n")
        sys.exit(os.EX_CONFIG)  # a restart does not fix it
    if lost := installed.quantum():
        sys.stderr.write(f"warning: {lost}\n")
    from backend.engine.app import Engine
    from backend.http.server import serve

    serve(Engine(settings), int(os.environ.get("OMNIMIND_PORT", PORT)))


if __name__ == "__main__":
    main()
