"""`python -m backend.describe`: print /openapi.json. Needs no running store."""

from __future__ import annotations

import json

from backend.main import create_app
from backend.settings import Settings

if __name__ == "__main__":
    print(json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False))  # noqa: T201 its output
