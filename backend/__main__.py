"""`python -m backend`: one worker, on the socket that systemd passes or on 127.0.0.1:$OMNIMIND_PORT."""

from __future__ import annotations

import os

from backend.log import secrets_of
from backend.main import create_app
from backend.server import serve
from backend.settings import load

if __name__ == "__main__":
    settings = load(os.environ)
    serve(create_app(settings), settings.port, websockets=True, secrets=secrets_of(settings))
