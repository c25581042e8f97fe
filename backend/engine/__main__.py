"""`python -m backend.engine`: the engine, on the unix socket that systemd passes."""

from __future__ import annotations

import os

from backend.engine.app import Engine
from backend.engine.device import settle
from backend.server import serve

PORT = 8900
"""Only where no socket is passed, on a developer's machine."""

if __name__ == "__main__":
    serve(Engine(settle(os.environ.get("OMNIMIND_LOCK", "cpu"))), int(os.environ.get("OMNIMIND_PORT", PORT)))
