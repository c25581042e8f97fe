"""Passwords and keys: generated once, stored in files that only root can read, never shown and never on a command line.

`/etc/omnimind/secrets/NAME` holds one secret each, on one line, and is the only source. All other files with secrets
(backend.env, pgpass, redis' configuration …) are derived from these. To change a secret, delete its file and run
converge again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from pyinfra import host
from pyinfra.api import operation

from deploy.commands import Commands
from deploy.facts.paths import Paths
from deploy.notes import guess, note
from deploy.operations.secret import Secret, write
from deploy.render import of_goal
from omnimind_ops.model import environment
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths as HostPaths

FOLDER = str(HostPaths().secrets)
NAMES = ("postgres.password", "redis.password", "redis-app.password", "qdrant.key")
"""redis.password belongs to Redis' default user, for root's tools; redis-app.password to user omnimind, for the
backends.
"""
DERIVED = ("pgpass", "client.env", "postgres.env", "redis.env", "qdrant.env", "backend.env")
ITERATIONS = 4096
"""PostgreSQL's own default for SCRAM."""
MISSING = "not-generated-yet"


def path_of(name: str) -> str:
    """Return the path of a secret."""
    return f"{FOLDER}/{name}"


def read() -> dict[str, str]:
    """Return all secrets by name.

    A secret that does not exist yet has a placeholder, which only a preview can encounter.
    """
    states = host.get_fact(Paths, paths=tuple(path_of(name) for name in NAMES))
    texts = {name: states[path_of(name)].content.decode().strip() for name in NAMES if path_of(name) in states}
    return {name: texts.get(name) or MISSING for name in NAMES}


@operation()
def generate() -> Commands:
    """Generate missing secrets; existing ones keep their value."""
    values = read()
    yield from write([Secret(path_of(name), f"{_fresh(values[name])}\n") for name in NAMES])


@operation()
def write_derived(goal: Goal) -> Commands:
    """Write the files derived from the secrets: one per consumer, read by systemd or root."""
    values = read()
    files = [Secret(path_of(name), derived(name, goal, values)) for name in DERIVED]
    yield from write(files, guess if MISSING in values.values() else note)


def derived(name: str, goal: Goal, values: Mapping[str, str]) -> str:
    """Return the content of a file derived from the secrets."""
    stores = environment.stores(
        environment.postgres_dsn(goal, values["postgres.password"]),
        environment.redis_url(goal, goal.user, values["redis-app.password"]),
        environment.qdrant_url(goal),
        values["qdrant.key"],
    )
    return of_goal(f"env/{name}.j2", goal, secrets=values, folder=FOLDER, stores=stores)


def _fresh(value: str) -> str:
    return secrets.token_urlsafe(32) if value == MISSING else value


def sha256(secret: str) -> str:
    """Return the digest that Redis accepts instead of a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def scram(secret: str, salt: bytes | None = None) -> str:
    """Return PostgreSQL's SCRAM-SHA-256 verifier (RFC 5803).

    The server stores it, so the password itself is never sent.
    """
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt64}${stored64}:{server64}"


def is_scram_of(verifier: str, secret: str) -> bool:
    """Return whether a stored verifier matches this password."""
    parts = verifier.split("$")
    if len(parts) != 3 or parts[0] != "SCRAM-SHA-256" or not parts[1].startswith(f"{ITERATIONS}:"):
        return False
    return hmac.compare_digest(scram(secret, base64.b64decode(parts[1].partition(":")[2])), verifier)
