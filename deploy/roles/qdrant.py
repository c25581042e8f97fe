"""qdrant: the program of exactly the version that wrote the data, its configuration and its unit."""

from __future__ import annotations

from deploy.facts.stats import Stats
from deploy.look import look
from deploy.operations.place import place
from deploy.operations.program import program
from deploy.render import of_goal
from deploy.wanted import File, Folder, Wanted
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

USER = "qdrant"
CONFIG = "/etc/qdrant/config.yaml"
RELEASES = f"{Paths().opt}/qdrant"
CURRENT = f"{RELEASES}/current"
UNIT = f"/etc/systemd/system/{native.QDRANT}"


def install(goal: Goal) -> None:
    """Install the program and the folders of its data; the data folders stay as they are when they hold something."""
    wanted: list[Wanted] = [
        Folder(RELEASES),
        Folder(goal.qdrant_home, 0o750, USER, USER),
        *(Folder(f"{goal.qdrant_home}/{part}", 0o750, USER, USER) for part in ("storage", "snapshots", "tmp")),
    ]
    place(name="Create Qdrant's folders", wanted=wanted)
    program(name="Install Qdrant", source=goal.qdrant_binary, folder=_folder(goal), link=CURRENT, user=USER)


def configure(goal: Goal) -> None:
    """Write Qdrant's configuration and unit; the web UI in its home is served, else the program's own."""
    own, brought = f"{goal.qdrant_home}/static", f"{_folder(goal)}/static"
    there = look(Stats, paths=(f"{own}/index.html", f"{brought}/index.html"))
    static = own if f"{own}/index.html" in there else f"{CURRENT}/static" if goal.qdrant_static or there else ""
    wanted: list[Wanted] = [
        Folder("/etc/qdrant"),
        File(CONFIG, of_goal("config/qdrant.yaml.j2", goal, static=static)),
        File(UNIT, of_goal("systemd/qdrant.service.j2", goal, config=CONFIG, user=USER)),
    ]
    place(name="Configure Qdrant", wanted=wanted)


def _folder(goal: Goal) -> str:
    return f"{RELEASES}/{goal.qdrant_version or 'unknown'}"


def activate(goal: Goal) -> None:
    """Do nothing: role units starts it with all the others, as a container may still hold its port."""
