"""Database and tables of an embedded system: created and migrated before any worker starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.embedded import secrets
from omnimind_ops.embedded.home import DATABASE, ROLE, Home
from omnimind_ops.embedded.programs import MARK, python
from omnimind_ops.health.wire.postgres import RefusedError, Session, target
from omnimind_ops.managers.files import tail
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run

SECONDS = 120.0
ASK_SECONDS = 10.0


def schema(world: World, home: Home, environment: Mapping[str, str]) -> bool:
    """Create the database if there is none and migrate it to the newest revision; return whether anything changed.

    PostgreSQL must already accept connections.
    """
    made = _database(world, secrets.read(home.secrets).postgres)
    stamp, digest = home.config / "schema.json", _digest()
    if not made and _kept(stamp, digest) and _revision(world) == _kept(stamp, digest):
        return False
    log = home.logs / "schema.log"
    with log.open("ab") as out:
        done = run(
            python("backend.migrations"),
            timeout=SECONDS,
            check=False,
            into=out,
            env={**environment, MARK: str(home.state)},
            cwd=home.state,
        )
        out.write(done.err.encode())
    if not done.ok:
        raise Problem(
            "cannot bring the database up to date",
            main_line(done.err.splitlines()) or f"it ended with {done.code}",
            f"all of its log: {log}",
            log=tail(log),
        )
    secrets.write(stamp, json.dumps({"files": digest, "revision": _revision(world)}) + "\n")
    return True


def _database(world: World, password: str) -> bool:
    """Create the services' role and their database; return whether the database was missing.

    The role is no superuser: it can neither run programs nor read files of the server.
    """
    try:
        with Session(target(world.postgres_admin), SECONDS) as link:
            if not link.query(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):  # noqa: S608 a constant
                link.query(f"CREATE ROLE \"{ROLE}\" LOGIN PASSWORD '{password}'")
            if link.query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 a constant
                return False
            link.query(f'CREATE DATABASE "{DATABASE}" TEMPLATE template0 OWNER "{ROLE}"')
    except RefusedError as error:
        raise Problem(
            "cannot log in to PostgreSQL",
            str(error),
            f"its data was made with another password: was {world.state}/secrets.json changed?",
        ) from error
    return True


def _revision(world: World) -> str:
    """Return the current revision of the database, "" for none."""
    try:
        with Session(target(world.postgres_dsn), ASK_SECONDS) as link:
            return str(link.query("SELECT version_num FROM alembic_version")[0][0])
    except (RefusedError, IndexError):
        return ""


def _kept(stamp: Path, digest: str) -> str:
    """Return the newest revision of exactly these migration files, recorded by an earlier migration; "" when there is
    none.
    """
    try:
        data = json.loads(stamp.read_text())
        return str(data["revision"]) if data["files"] == digest else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _digest() -> str:
    """Return a digest of all migrations. Asking alembic for its head takes a second, which a start without changes
    saves.
    """
    from importlib.util import find_spec

    spec = find_spec("backend")
    folder = Path((spec.submodule_search_locations or [""])[0] if spec else "") / "migrations" / "versions"
    files = sorted(folder.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)).hexdigest()
