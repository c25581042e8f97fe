"""program: an executable copied into a folder of its version, checked by running it, and made current by a link."""

from __future__ import annotations

import shlex

from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import OperationError

from deploy import notes
from deploy.commands import Commands
from deploy.facts.paths import Paths
from deploy.facts.stats import Stats
from deploy.look import look


@operation()
def program(source: str, target: str, link: str, user: str) -> Commands:
    """Install `source` as `target`, its time kept, so that equal size and time mean an equal file; `link` points to its folder.

    It must answer `--version` as `user`, who will run it. An empty or vanished source leaves an installed target alone.
    """
    folder, _, base = target.rpartition("/")
    stats = look(Stats, paths=(source or "/nonexistent", target))
    links = look(Paths, paths=(link,))
    here, staged = stats.get(target), stats.get(source)
    if here is None and staged is None:
        notes.guess(host)
        notes.note(host, [f"+ {target}"])
        if host.state.is_executing:
            raise OperationError(f"no program at {source or 'no path given'}: name one with --qdrant-binary")
    fresh = here is None or (staged is not None and (staged.size, staged.changed) != (here.size, here.changed))
    linked = link in links and links[link].content.decode() == folder
    if not fresh and linked:
        return
    notes.note(host, [f"+ {target}"] * fresh + [f"~ {link} -> {folder}"] * (not linked))
    one, two, new = shlex.quote(source), shlex.quote(target), shlex.quote(f"{folder}/.{base}.new")
    lines = ["set -eu", f"install -d -m 755 -o root -g root {shlex.quote(folder)}"]
    if fresh:
        lines += [
            f"install -p -m 755 -o root -g root {one} {new}",
            f"cd / && runuser -u {shlex.quote(user)} -- {new} --version",
            f"mv -fT {new} {two}",
        ]
    quoted = shlex.quote(link)
    lines.append(f"ln -sfn {shlex.quote(folder)} {quoted}.new && mv -fT {quoted}.new {quoted}")
    yield StringCommand("\n".join(lines))
