"""qdrant: the program in exactly the version that wrote the data, its configuration and its unit."""

from __future__ import annotations

import io

from pyinfra import host
from pyinfra.operations import files

from deploy.facts.stats import Stats
from deploy.operations.folder import folder
from deploy.operations.program import program
from deploy.operations.unit import FOLDER, unit
from deploy.own_files import merged
from deploy.render import of_goal
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

USER = "qdrant"
CONFIG = "/etc/qdrant/config.yaml"
RELEASES = f"{Paths().opt}/qdrant"
CURRENT = f"{RELEASES}/current"
UNIT = f"{FOLDER}/{native.QDRANT}"


def install(goal: Goal) -> None:
    """Install the program and create its data folders; existing data stays as it is."""
    folder(RELEASES)
    for path in (goal.qdrant_home, *(f"{goal.qdrant_home}/{part}" for part in ("storage", "snapshots", "tmp"))):
        folder(path, "750", USER, USER)
    program(name="Install Qdrant", source=goal.qdrant_binary, folder=_folder(goal), link=CURRENT, user=USER)


def configure(goal: Goal) -> None:
    """Write Qdrant's configuration and unit. The web UI in its home is served, otherwise the program's own."""
    custom, bundled = f"{goal.qdrant_home}/static", f"{_folder(goal)}/static"
    existing = host.get_fact(Stats, paths=(f"{custom}/index.html", f"{bundled}/index.html"))
    static = (
        custom if f"{custom}/index.html" in existing else f"{CURRENT}/static" if goal.qdrant_static or existing else ""
    )
    folder("/etc/qdrant")
    files.put(
        name="Configure Qdrant",
        src=io.StringIO(merged(of_goal("config/qdrant.yaml.j2", goal, static=static), "qdrant", goal.qdrant_settings)),
        dest=CONFIG,
        user="root",
        group="root",
        mode="644",
        create_remote_dir=False,
    )
    unit(native.QDRANT, "qdrant.service", goal, config=CONFIG, user=USER)


def _folder(goal: Goal) -> str:
    return f"{RELEASES}/{goal.qdrant_version or 'unknown'}"
