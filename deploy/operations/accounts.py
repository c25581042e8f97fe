"""accounts: system users, each with a group of its own name, no shell and no password."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploy import notes
from deploy.commands import Commands
from deploy.facts.accounts import Accounts
from deploy.look import look


@operation()
def accounts(homes: Mapping[str, str]) -> Commands:
    """Make each user (name → home) exist; the home is not created, and an existing user stays as it is."""
    found = look(Accounts, users=tuple(homes))
    missing = {user: home for user, home in homes.items() if user not in found}
    notes.note(host, [f"+ user {user}, home {home}" for user, home in missing.items()])
    for user, home in missing.items():
        words = (
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            home,
            "--shell",
            "/usr/sbin/nologin",
            user,
        )
        group = f"getent group {shlex.quote(user)} >/dev/null"
        yield StringCommand(f"if {group}; then {shlex.join(_join(words, user))}; else {shlex.join(words)}; fi")


def _join(words: tuple[str, ...], group: str) -> tuple[str, ...]:
    """Return the same command for a host where a group of that name is already there."""
    return tuple(word if word != "--user-group" else f"--gid={group}" for word in words)
