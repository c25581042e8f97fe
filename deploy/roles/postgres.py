"""postgres: Debian's PostgreSQL, on the loopback only, with the role and database of OmniMind in UTF-8.

Role packages brings it, with a first cluster in UTF-8. No container serves its port, so it may be activated long before
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
    """Keep our cluster on the loopback and within its memory.

    A PostgreSQL that was here before us is the user's: not configured.
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
    """Start PostgreSQL, make the role and the database, and bring its schema up to date: time that the cutover then
    does not take.
    """
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
    database(name="Create role and database", port=goal.postgres_port, role=goal.user, called=goal.database)
    unit = f"{FOLDER}/{native.SCHEMA}"
    running(
        name="Bring the schema up to date",
        units=(native.SCHEMA,),
        start=native.SCHEMA,
        inputs={native.SCHEMA: (unit, str(Paths().venv))},
    )
