"""base: users, folders and secrets for all other roles."""

from __future__ import annotations

from pyinfra import host
from pyinfra.operations import server

from deploy import secrets
from deploy.facts.accounts import Accounts
from deploy.operations.folder import ensure_folder, folder
from deploy.own_files import ENDINGS, folder_of
from deploy.roles import qdrant
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths


def install(goal: Goal) -> None:
    """Create the users omnimind and qdrant, and the folders."""
    paths = Paths()
    _users({goal.user: str(paths.state), qdrant.USER: goal.qdrant_home})
    folder(paths.config)
    folder(paths.secrets, "700")
    for service in ENDINGS:
        folder(folder_of(service))  # for the user's own files
    folder(paths.opt)
    # Owned by root: files that control a rollback must not be writable by a web server. The group lets it read the
    # journal (runner/database.py).
    folder(paths.state, "755", "root", goal.user)
    folder(f"{paths.state}/bench", "755")  # measurements, written by root and shown on the page
    folder(f"{paths.state}/models", "750", goal.user, goal.user)
    folder(paths.logs, "750", goal.user, goal.user)
    # These folders hold sensitive data: journals, receipts, copies of data.
    for path in (paths.receipts, paths.stage, paths.parked):
        folder(path, "700")
    ensure_folder(goal.uploads, "750", goal.user, goal.user)


def configure(goal: Goal) -> None:
    """Create missing secrets, and the files that pass them to the services and to root's tools."""
    secrets.generate(name="Generate secrets")
    secrets.write_derived(name="Write secret files", goal=goal)


def _users(homes: dict[str, str]) -> None:
    """Create the system users (name, home) that do not exist. Existing ones stay as they are."""
    existing = host.get_fact(Accounts, users=tuple(homes))
    for user, home in homes.items():
        if user not in existing:
            server.group(name=f"Create group {user}", group=user, system=True)
            server.user(  # noqa: S604 `shell` is a path
                name=f"Create user {user}",
                user=user,
                group=user,
                home=home,
                shell="/usr/sbin/nologin",
                system=True,
                ensure_home=False,
            )
