"""SQL as PostgreSQL's superuser, over its unix socket; statements go in on stdin."""

from __future__ import annotations

SOCKETS = "/var/run/postgresql"


def psql(port: int, database: str = "postgres") -> tuple[str, ...]:
    """Return the command that reads SQL and prints rows, fields separated by "|"; it needs root."""
    options = ("-h", SOCKETS, "-U", "postgres", "-p", str(port), "-d", database)
    clean = ("env", "-u", "PGOPTIONS", "-u", "PGSERVICE")
    return ("runuser", "-u", "postgres", "--", *clean, "psql", *options, *PLAIN)


PLAIN = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")


def literal(value: str) -> str:
    """Return an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def identifier(value: str) -> str:
    """Return an SQL identifier."""
    return '"' + value.replace('"', '""') + '"'
