"""postgres: Debian's PostgreSQL, on the loopback only, with the role and database of OmniMind in UTF-8.

No container serves its port, so it may be activated long before the cutover.
"""

from __future__ import annotations

from deploy.facts.packages import Packages
from deploy.look import look
from deploy.operations.database import cluster_at, database
from deploy.operations.place import place
from deploy.operations.units import running
from deploy.render import of_goal
from deploy.wanted import File, Folder, Wanted
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

PACKAGE = "postgresql"
PACKAGES = {PACKAGE: native.POSTGRES}


def install(goal: Goal) -> None:
    """Do nothing: role packages brings it, with a first cluster in UTF-8."""


def configure(goal: Goal) -> None:
    """Keep our cluster on the loopback and within its memory. A PostgreSQL that was here before us is the user's: not configured."""
    cluster = cluster_at(goal.postgres_port)
    if cluster is None or PACKAGE not in look(Packages, packages=(PACKAGE,)).record:
        return
    drop_in = f"/etc/systemd/system/{cluster.unit}.d"
    wanted: list[Wanted] = [
        File(
            f"{cluster.folder}/conf.d/omnimind.conf",
            of_goal("config/postgresql.conf.j2", goal),
            0o644,
            "postgres",
            "postgres",
        ),
        Folder(drop_in),
        File(f"{drop_in}/omnimind.conf", of_goal("systemd/postgresql.conf.j2", goal)),
    ]
    place(name="Configure PostgreSQL", wanted=wanted)


def activate(goal: Goal) -> None:
    """Start PostgreSQL, make the role and the database, and bring its schema up to date: time that the cutover then does not take."""
    cluster = cluster_at(goal.postgres_port)
    inputs = (
        {
            cluster.unit: (
                f"{cluster.folder}/conf.d/omnimind.conf",
                f"/etc/systemd/system/{cluster.unit}.d/omnimind.conf",
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
    unit = f"/etc/systemd/system/{native.SCHEMA}"
    running(
        name="Bring the schema up to date",
        units=(native.SCHEMA,),
        start=native.SCHEMA,
        inputs={native.SCHEMA: (unit, str(Paths().venv))},
    )
