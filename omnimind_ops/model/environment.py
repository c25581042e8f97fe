"""The environment of the services: the only place that derives it from a System, for systemd and supervisor alike.

backend/settings.py and backend/engine/settings.py read these variables.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from omnimind_ops.model.system import System

HOST = "127.0.0.1"


def postgres_dsn(system: System, password: str = "") -> str:
    """Return PostgreSQL's connection string."""
    return f"postgresql://{_login(system.user, password)}{HOST}:{system.postgres_port}/{system.database}"


def required_authentication(postgres_dsn: str) -> dict[str, str]:
    """Return libpq's parameters for a connection string with a password: SCRAM only.

    SCRAM never sends the password, and the server proves that it knows it. Otherwise whoever holds the port while
    PostgreSQL is down could ask for the password in clear text.
    """
    return {"require_auth": "scram-sha-256"} if urlsplit(postgres_dsn).password else {}


def redis_url(system: System, user: str = "", password: str = "") -> str:
    """Return the URL of Redis' first database."""
    return f"redis://{_login(user, password)}{HOST}:{system.redis_port}/0"


def qdrant_url(system: System) -> str:
    """Return the URL of Qdrant's REST API."""
    return f"http://{HOST}:{system.qdrant_port}"


def stores(postgres_dsn: str, redis_url: str, qdrant_url: str, qdrant_key: str) -> dict[str, str]:
    """Return the variables with the addresses and credentials of the stores."""
    return {
        "OMNIMIND_POSTGRES_DSN": postgres_dsn,
        "OMNIMIND_REDIS_URL": redis_url,
        "OMNIMIND_QDRANT_URL": qdrant_url,
        "OMNIMIND_QDRANT_API_KEY": qdrant_key,
    }


def services(system: System, engine_socket: str, state: Path) -> dict[str, str]:
    """Return the other variables of workers, engine and page; `state` is OmniMind's data folder."""
    return {
        "OMNIMIND_COLLECTION": system.collection,
        "OMNIMIND_ENGINE": engine_socket,
        "OMNIMIND_UPLOADS": system.uploads,
        "OMNIMIND_STATE": str(state / "models"),
        "OMNIMIND_JOURNAL": str(state / "journal.db"),
        "OMNIMIND_BENCH": str(state / "bench"),
        "OMNIMIND_MODEL": system.model,
        "OMNIMIND_MODE": system.mode,
        "OMNIMIND_OPEN_READS": "yes" if system.open_reads else "no",
        "OMNIMIND_BACKEND_PORTS": ",".join(map(str, system.backend_ports)),
        "OMNIMIND_HOSTS": ",".join(system.hosts),
        "OMNIMIND_FRONTEND_PORT": str(system.frontend_port),
    }


def _login(user: str, password: str) -> str:
    return f"{user}:{password}@" if password else f"{user}@" if user else ""
