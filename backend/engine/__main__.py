"""`python -m backend.engine`: the engine, on the unix socket that systemd passes or on $OMNIMIND_ENGINE_BIND."""

from __future__ import annotations

import os
import sys

from backend.engine.app import Engine
from backend.engine.settings import load
from backend.server import serve
from omnimind_ops.model.problem import Problem

PORT = 8900
"""Only where neither is given, on a developer's machine."""

if __name__ == "__main__":
    try:
        settings = load(os.environ)
    except Problem as problem:
        sys.exit(f"{problem}: {problem.fix}")
    serve(Engine(settings), int(os.environ.get("OMNIMIND_PORT", PORT)), bind=settings.bind)
