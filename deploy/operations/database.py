"""database: a role with the generated password, and a UTF-8 database that it owns."""

from __future__ import annotations

import io

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation
from pyinfra.api.exceptions import OperationError

from deploy import secrets
from deploy.commands import Commands
from deploy.facts.postgres import Cluster, Clusters, Database, DatabaseState, identifier, literal, psql
from deploy.notes import guess, note

SQL = "/run/omnimind-database.sql"


def cluster_at(port: int) -> Cluster | None:
    """Return the cluster that serves this port, or None."""
    return next((cluster for cluster in host.get_fact(Clusters) if cluster.port == port), None)


@operation()
def database(port: int, role: str, database_name: str) -> Commands:
    """Create role and database `database_name` in the running cluster at `port`.

    The database's encoding is UTF-8, whatever the cluster's.
    """
    cluster = cluster_at(port)
    state = host.get_fact(Database, cluster=cluster, role=role, database=database_name) if cluster else DatabaseState()
    password = secrets.read()["postgres.password"]
    statements = _statements(state, role, database_name, password)
    if not statements:
        return
    if state.answers:
        note(f"~ role {role}, database {database_name}")
    else:
        guess(f"+ role {role}", f"+ database {database_name} (UTF-8)")
    cluster = cluster or Cluster("0", "main", port)
    yield FileUploadCommand(io.BytesIO("\n".join([*statements, ""]).encode()), SQL)
    # The verifier is passed on stdin, so it is in no command line and no server log. The file is root's own and is
    # always removed.
    yield StringCommand(f"trap 'rm -f {SQL}' EXIT; {psql(cluster)} < {SQL}")


def _statements(state: DatabaseState, role: str, database_name: str, password: str) -> list[str]:
    if state.encoding not in (None, "UTF8"):
        raise OperationError(
            f"database {database_name} exists and its encoding is {state.encoding}, not UTF8:"
            " dump it, drop it and converge again"
        )
    statements = []
    name, login = identifier(role), f"LOGIN PASSWORD {literal(secrets.scram(password))}"
    if state.verifier is None:
        statements.append(f"CREATE ROLE {name} {login};")
    elif not state.can_login or not secrets.is_scram_of(state.verifier, password):
        statements.append(f"ALTER ROLE {name} {login};")
    if state.encoding is None:
        options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        statements.append(f"CREATE DATABASE {identifier(database_name)} OWNER {name} {options};")
    elif state.owner != role:
        statements.append(f"ALTER DATABASE {identifier(database_name)} OWNER TO {name};")
    # Not even a failing statement is logged, because it holds the verifier.
    quiet = [
        "SET log_min_error_statement = panic;",
        "SET log_statement = 'none';",
        "SET log_min_duration_statement = -1;",
    ]
    return [*quiet, *statements] if statements else []
