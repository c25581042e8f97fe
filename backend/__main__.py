"""`python -m backend`: one worker, on the socket that systemd passes or on 127.0.0.1:$OMNIMIND_PORT."""

from __future__ import annotations

import gc
import os


def main() -> None:
    """Serve until told to stop."""
    gc.disable()  # importing makes no garbage, but would be searched for it: a seventh of the time of six starts. main.py turns it on
    from backend.http.log import secrets_of
    from backend.http.server import serve
    from backend.main import create_app
    from backend.settings import load

    settings = load(os.environ)
    serve(create_app(settings), settings.port, websockets=True, secrets=secrets_of(settings))


if __name__ == "__main__":
    main()
