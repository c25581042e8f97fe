"""program: an executable with its dependencies, in a folder per version, tested and made current by a link."""

from __future__ import annotations

import json
import shlex

from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import OperationError

from deploy.commands import Commands
from deploy.facts.paths import Paths, PathState
from deploy.facts.stats import Stat, Stats
from deploy.notes import guess, note
from deploy.render import text
from omnimind_ops.model.program import LibrarySource
from omnimind_ops.tools.program import FACTS, PROGRAM, START, start_script


@operation()
def program(source: str, folder: str, link: str, user: str) -> Commands:
    """Install `source` as FOLDER/qdrant and point `link` to the folder. Equal size and time count as an equal file.

    A staged program (with program.json beside it) brings its libraries and web UI. It must answer `--version` as
    `user`, who will run it. If the source is empty or gone, an installed program stays as it is, except for its start
    script.
    """
    stage, target = source.rpartition("/")[0], f"{folder}/{PROGRAM}"
    stats = host.get_fact(Stats, paths=(source or "/nonexistent", target))
    states = host.get_fact(Paths, paths=(f"{stage}/{FACTS}", f"{folder}/{FACTS}", f"{folder}/{START}", link))
    installed, staged = stats.get(target), stats.get(source)
    if installed is None and staged is None:
        guess(f"+ {target}")
        if host.state.is_executing:
            raise OperationError(
                f"there is no Qdrant program at {source or '(no path)'}: specify one with --qdrant-binary"
            )
    facts, old = states.get(f"{stage}/{FACTS}"), states.get(f"{folder}/{FACTS}")
    is_new = installed is None or (staged is not None and (_stamp(staged) != _stamp(installed) or _differ(facts, old)))
    start = start_script(_loader(facts if is_new else old))
    started = f"{folder}/{START}" in states and states[f"{folder}/{START}"].content.decode() == start
    linked = link in states and states[link].content.decode() == folder
    if not is_new and linked and started:
        return
    if staged:
        note(*[f"+ {target}"] * is_new)
    note(*[f"~ {folder}/{START}"] * (not started), *[f"~ {link} -> {folder}"] * (not linked))
    values = {"source": source, "folder": folder, "link": link, "user": user, "script": start}
    quoted = {name: shlex.quote(value) for name, value in values.items()}
    from_stage = shlex.quote(stage) if facts else ""
    script = text("scripts/program.sh.j2", fresh=is_new, bundled=bool(_loader(facts)), stage=from_stage, **quoted)
    yield StringCommand(script)


def _stamp(stat: Stat) -> tuple[int, int]:
    return stat.size, stat.changed


def _differ(staged: PathState | None, installed: PathState | None) -> bool:
    return staged is not None and (installed is None or staged.content != installed.content)


def _loader(facts: PathState | None) -> str:
    """Return the loader of a bundle; "" for a program that uses packages instead, whatever it was staged with."""
    details = json.loads(facts.content) if facts else {}
    return str(details.get("loader", "")) if details.get("way") == LibrarySource.BUNDLED.value else ""
