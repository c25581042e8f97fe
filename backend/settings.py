"""Settings of one worker: read from the environment once and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Addresses, paths and limits. URLs may contain passwords."""

    port: int = 8000
    worker: str = "1"
    postgres: str = field(default="postgresql://omnimind@127.0.0.1:5432/omnimind", repr=False)
    redis: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    qdrant: str = "http://127.0.0.1:6333"
    qdrant_key: str = field(default="", repr=False)
    collection: str = "universal_machine_embeddings"
    engine: str = "/run/omnimind/engine.sock"
    uploads: str = "/var/lib/omnimind/uploads"
    journal: str = "/var/lib/omnimind/journal.db"
    bench: str = "/var/lib/omnimind/bench"
    frontend_port: int = 3000
    backend_ports: tuple[int, ...] = (8000, 8080, 3001)
    check_seconds: float = 2.0  # time limit of a service's health check
    open_reads: bool = False  # users of this machine may read without logging in
    body_bytes: int = 16 * 1024 * 1024  # limit for every request except uploads
    body_seconds: float = 60.0  # time for a body to arrive; for an upload, time between two pieces
    upload_bytes: int = 512 * 1024 * 1024
    requests_per_minute: int = 60_000  # of one caller
    logins_per_minute: int = 10  # failed logins of one caller
    session_hours: int = 12
    telemetry_seconds: float = 1.0  # interval between two ticks
    cache_days: int = 7  # lifetime of an embedding in Redis


def load(environment: Mapping[str, str]) -> Settings:
    """Return the settings from the OMNIMIND_* variables."""
    default = Settings()

    def word(key: str, otherwise: object) -> str:
        return environment.get(f"OMNIMIND_{key}") or str(otherwise)

    def number(key: str, otherwise: int) -> int:
        return int(word(key, otherwise))

    return Settings(
        port=number("PORT", default.port),
        worker=word("WORKER", default.worker),
        postgres=word("POSTGRES_DSN", default.postgres),
        redis=word("REDIS_URL", default.redis),
        qdrant=word("QDRANT_URL", default.qdrant),
        qdrant_key=word("QDRANT_API_KEY", default.qdrant_key),
        collection=word("COLLECTION", default.collection),
        engine=word("ENGINE", default.engine),
        uploads=word("UPLOADS", default.uploads),
        journal=word("JOURNAL", default.journal),
        bench=word("BENCH", default.bench),
        frontend_port=number("FRONTEND_PORT", default.frontend_port),
        backend_ports=tuple(
            int(port) for port in word("BACKEND_PORTS", ",".join(map(str, default.backend_ports))).split(",")
        ),
        check_seconds=float(word("CHECK_SECONDS", default.check_seconds)),
        open_reads=word("OPEN_READS", "no").lower() in ("1", "yes", "true", "on"),
        body_bytes=number("BODY_BYTES", default.body_bytes),
        body_seconds=float(word("BODY_SECONDS", default.body_seconds)),
        upload_bytes=number("UPLOAD_BYTES", default.upload_bytes),
        requests_per_minute=number("REQUESTS_PER_MINUTE", default.requests_per_minute),
        logins_per_minute=number("LOGINS_PER_MINUTE", default.logins_per_minute),
        session_hours=number("SESSION_HOURS", default.session_hours),
        telemetry_seconds=float(word("TELEMETRY_SECONDS", default.telemetry_seconds)),
        cache_days=number("CACHE_DAYS", default.cache_days),
    )
