"""Databases by name: what has rows, renaming, and those that runs have parked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.psql import identifier, literal, psql
from omnimind_ops.tools.shell import run

EMPTY = ("alembic_version", "omnimind_health")
"""Tables whose rows are nobody's data."""
RENAMES = 5
NAME_MAX = 63
"""PostgreSQL cuts longer names."""


def parked_name(database: str, when: str, run_id: str) -> str:
    """Return the name under which a run parks a database; `when` is before or after."""
    end = f"_{when}_{run_id}"
    return database[: NAME_MAX - len(end)] + end


@dataclass(frozen=True)
class Server:
    """PostgreSQL at a port. `words` returns the command that runs SQL in a database."""

    port: int
    words: Callable[[int, str], tuple[str, ...]] = psql

    def query(self, sql: str, database: str = "postgres") -> list[str]:
        """Return the printed rows; raise Problem with the server's own message."""
        result = run(self.words(self.port, database), feed=sql.encode(), check=False, cwd=Path("/"), timeout=300)
        if not result.ok:
            raise Problem(
                f"cannot use PostgreSQL at port {self.port}",
                main_line(result.err.splitlines()) or f"psql ended with {result.code}",
                "see its log (journalctl -u 'postgresql@*' -b), then run the same command again",
            )
        return [row for row in result.out.splitlines() if row]

    def answers(self) -> bool:
        """Return whether it answers."""
        return run(self.words(self.port, "postgres"), feed=b"SELECT 1", check=False, cwd=Path("/")).ok

    def exists(self, database: str) -> bool:
        """Return whether there is a database of that name."""
        return bool(self.query(f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}"))  # noqa: S608 quoted

    def has_rows(self, database: str) -> bool:
        """Return whether a database exists and has rows other than OmniMind's own."""
        if not self.exists(database):
            return False
        own = "schemaname <> 'pg_catalog' AND schemaname <> 'information_schema'"
        name = "quote_ident(schemaname) || '.' || quote_ident(tablename)"
        select = f"SELECT {name} FROM pg_tables WHERE {own}"  # noqa: S608 constants
        tables = self.query(f"{select} AND tablename NOT IN ({', '.join(map(literal, EMPTY))})", database)
        return any(self.query(f"SELECT 1 FROM {table} LIMIT 1", database) for table in tables)  # noqa: S608 quoted

    def rename(self, database: str, new: str) -> None:
        """Rename a database; its connections are ended. Somebody may connect again at once: try again."""
        for attempts_left in range(RENAMES, 0, -1):
            try:
                connections = f"pg_stat_activity WHERE datname = {literal(database)}"
                self.query(
                    f"SELECT pg_terminate_backend(pid) FROM {connections};\n"  # noqa: S608 quoted
                    f"ALTER DATABASE {identifier(database)} RENAME TO {identifier(new)};\n"  # waits 5 s for others
                )
                return
            except Problem:
                if attempts_left == 1:
                    raise

    def create(self, database: str, owner: str) -> None:
        """Create an empty UTF-8 database."""
        options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        self.query(f"CREATE DATABASE {identifier(database)} OWNER {identifier(owner)} {options};")

    def parked(self, database: str) -> tuple[str, ...]:
        """Return the names of all databases that runs have parked for that one."""
        start = literal(f"^{database[:20]}.*_(before|after)_[0-9]{{8}}-[0-9]{{6}}-")
        return tuple(self.query(f"SELECT datname FROM pg_database WHERE datname ~ {start} ORDER BY 1"))  # noqa: S608

    def drop(self, database: str) -> None:
        """Delete a database."""
        self.query(f"DROP DATABASE IF EXISTS {identifier(database)};")
