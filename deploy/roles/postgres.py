"""postgres: Debian's PostgreSQL, on the loopback interface only, with OmniMind's role and UTF-8 database.

Role packages installs it, with a first cluster in UTF-8. No container uses its port, so it may be activated long before
the cutover.
"""

from __future__ import annotations

from pyinfra import host
from pyinfra.operations import files

from deploy.facts.packages import Packages
from deploy.operations.database import cluster_at, database
from deploy.operations.folder import folder
from deploy.operations.unit import FOLDER, unit
from deploy.operations.units import running
from deploy.render import template
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

PACKAGE = "postgresql"
PACKAGES = {PACKAGE: native.POSTGRES}


def configure(goal: Goal) -> None:
    """Restrict the cluster to the loopback interface and to its memory.

    A PostgreSQL that OmniMind did not install belongs to the user and is not configured.
    """
    cluster = cluster_at(goal.postgres_port)
    if cluster is None or PACKAGE not in host.get_fact(Packages, packages=(PACKAGE,)).record:
        return
    files.put(
        name="Configure PostgreSQL",
        src=template("config/postgresql.conf.j2", goal),
        dest=f"{cluster.folder}/conf.d/omnimind.conf",
        user="postgres",
        group="postgres",
        mode="644",
        create_remote_dir=False,
    )
    folder(f"{FOLDER}/{cluster.unit}.d")
    unit(f"{cluster.unit}.d/omnimind.conf", "postgresql.conf", goal)


def activate(goal: Goal) -> None:
    """Start PostgreSQL, create role and database, and upgrade the schema, so that the cutover need not wait for it."""
    cluster = cluster_at(goal.postgres_port)
    inputs = (
        {
            cluster.unit: (
                f"{cluster.folder}/conf.d/omnimind.conf",
                f"{FOLDER}/{cluster.unit}.d/omnimind.conf",
            )
        }
        if cluster
        else {}
    )
    running(
        name="Start PostgreSQL",
        units=(native.POSTGRES,),
        start=native.POSTGRES,
        also=(cluster.unit,) if cluster else (),
        inputs=inputs,
    )
    database(name="Create role and database", port=goal.postgres_port, role=goal.user, database_name=goal.database)
    unit = f"{FOLDER}/{native.SCHEMA}"
    running(
        name="Upgrade the database schema",
        units=(native.SCHEMA,),
        start=native.SCHEMA,
        inputs={native.SCHEMA: (unit, str(Paths().venv))},
    )
