"""Settings of one worker, from its environment; read once, handed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Where everything is; URLs may hold passwords."""

    port: int = 8000
    worker: str = "1"
    postgres: str = field(default="postgresql://omnimind@127.0.0.1:5432/omnimind", repr=False)
    redis: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    qdrant: str = "http://127.0.0.1:6333"
    qdrant_key: str = field(default="", repr=False)
    engine: str = "/run/omnimind/engine.sock"
    frontend_port: int = 3000
    seconds: float = 2.0  # that a service may take to answer a health check


def load(environment: Mapping[str, str]) -> Settings:
    """Return the settings that OMNIMIND_* variables ask for."""
    default = Settings()

    def word(key: str, otherwise: str) -> str:
        return environment.get(f"OMNIMIND_{key}") or otherwise

    return Settings(
        port=int(word("PORT", str(default.port))),
        worker=word("WORKER", default.worker),
        postgres=word("POSTGRES_DSN", default.postgres),
        redis=word("REDIS_URL", default.redis),
        qdrant=word("QDRANT_URL", default.qdrant),
        qdrant_key=word("QDRANT_API_KEY", default.qdrant_key),
        engine=word("ENGINE", default.engine),
        frontend_port=int(word("FRONTEND_PORT", str(default.frontend_port))),
        seconds=float(word("CHECK_SECONDS", str(default.seconds))),
    )
