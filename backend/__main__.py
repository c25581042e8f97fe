"""`python -m backend`: run one worker on the socket from systemd, or on 127.0.0.1:$OMNIMIND_PORT."""

from __future__ import annotations

import gc
import os


def main() -> None:
    """Serve until the process is asked to stop."""
    # Imports create no garbage, but collecting during them takes a seventh of the start time of six workers. main.py
    # turns the collector back on.
    gc.disable()
    from backend.http.log import secrets_of
    from backend.http.server import serve
    from backend.main import create_app
    from backend.settings import load

    settings = load(os.environ)
    serve(create_app(settings), settings.port, websockets=True, secrets=secrets_of(settings))


if __name__ == "__main__":
    main()
