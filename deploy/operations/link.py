"""link: a symbolic link, replaced by rename."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.facts.files import Link

from deploy.commands import Commands
from deploy.connector import NEW_SUFFIX
from deploy.notes import note


@operation()
def link(path: str, target: str) -> Commands:
    """Make `path` a link to `target`, whatever file or link it is now.

    pyinfra's files.link removes the old link first, and refuses a path that is not a link.
    """
    state = host.get_fact(Link, path=path)
    if state and state["link_target"] == target:
        return
    note(f"{'+' if state is None else '~'} {path} -> {target}")
    temporary = QuoteString(path + NEW_SUFFIX)
    yield StringCommand("ln -sfn", QuoteString(target), temporary, "&& mv -fT", temporary, QuoteString(path))
