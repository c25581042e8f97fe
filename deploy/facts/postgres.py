"""PostgreSQL as packaged by Debian: its clusters, and the contents of the one in use."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class Cluster:
    """A cluster's version and name, as in /etc/postgresql/15/main, and its port."""

    version: str
    title: str
    port: int

    @property
    def folder(self) -> str:
        """Return the cluster's configuration folder."""
        return f"/etc/postgresql/{self.version}/{self.title}"

    @property
    def unit(self) -> str:
        """Return the cluster's service; postgresql.service only groups all clusters."""
        return f"postgresql@{self.version}-{self.title}.service"


class Clusters(FactBase[tuple[Cluster, ...]]):
    """All clusters, newest version first. pg_lsclusters reports the same, ten times slower."""

    def command(self) -> str:
        return "grep -HE '^[[:space:]]*port[[:space:]]*=' /etc/postgresql/*/*/postgresql.conf 2>/dev/null; true"

    def process(self, output: list[str]) -> tuple[Cluster, ...]:
        pattern = re.compile(r"/etc/postgresql/([^/]+)/([^/]+)/postgresql\.conf:\s*port\s*=\s*'?(\d+)")
        clusters = [Cluster(hit[1], hit[2], int(hit[3])) for line in output if (hit := pattern.match(line))]
        return tuple(sorted(clusters, key=lambda cluster: float(cluster.version), reverse=True))

    @staticmethod
    def default() -> tuple[Cluster, ...]:
        return ()


@dataclass(frozen=True)
class DatabaseState:
    """Contents of the server.

    `answers` means that a query worked. `verifier` is the role's stored password. `encoding` and `owner` are the
    database's.
    """

    answers: bool = False
    verifier: str | None = None
    can_login: bool = False
    encoding: str | None = None
    owner: str | None = None


_ROLE = "SELECT 'R', coalesce(rolpassword, ''), rolcanlogin FROM pg_authid"
_DATABASE = "SELECT 'D', pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database"


class Database(FactBase[DatabaseState]):
    """A role and a database, queried as the system user postgres over the unix socket."""

    def command(self, cluster: Cluster, role: str, database: str) -> str:
        queries = (  # fixed names, quoted as literals
            f"{_ROLE} WHERE rolname = {literal(role)}",
            f"{_DATABASE} WHERE datname = {literal(database)}",
            "SELECT 'A', 1, 1",
        )
        arguments = " ".join(
            f"-c {shlex.quote(query)}" for query in queries
        )  # with several in one, psql before 15 prints only the last
        return f"{psql(cluster)} -At -F ' ' {arguments} 2>/dev/null; true"

    def process(self, output: list[str]) -> DatabaseState:
        rows = {fields[0]: fields[1:] for fields in (line.split(" ") for line in output) if len(fields) == 3}
        role, database = rows.get("R", [None, "f"]), rows.get("D", [None, None])
        return DatabaseState("A" in rows, role[0], role[1] == "t", database[0], database[1])

    @staticmethod
    def default() -> DatabaseState:
        return DatabaseState()


def psql(cluster: Cluster) -> str:
    """Return the start of a psql command as the superuser of a cluster, independent of PG* variables.

    It uses the version's own psql, because the wrapper in /usr/bin is slow.
    """
    program = f"/usr/lib/postgresql/{cluster.version}/bin/psql"
    options = f"-h /var/run/postgresql -U postgres -p {cluster.port} -d postgres"
    return f"cd / && runuser -u postgres -- env -u PGOPTIONS -u PGSERVICE {program} {options} -X -q -v ON_ERROR_STOP=1"


def literal(value: str) -> str:
    """Return an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def identifier(value: str) -> str:
    """Return an SQL identifier."""
    return '"' + value.replace('"', '""') + '"'
