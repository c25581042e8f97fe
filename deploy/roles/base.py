"""base: users, folders and secrets that all the others build on."""

from __future__ import annotations

from deploy import secrets
from deploy.operations.accounts import accounts
from deploy.operations.place import place
from deploy.roles import qdrant
from deploy.wanted import Folder, Wanted
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths


def install(goal: Goal) -> None:
    """Create the users omnimind and qdrant, and our folders."""
    paths = Paths()
    accounts(name="Create system users", homes={goal.user: str(paths.state), qdrant.USER: goal.qdrant_home})
    folders: list[Wanted] = [
        Folder(str(paths.config)),
        Folder(str(paths.secrets), 0o700),
        Folder(str(paths.opt)),
        # root's: what steers a rollback must not be in the hands of a web server. By its group the journal is shared to be read (runner/database.py).
        Folder(str(paths.state), 0o755, "root", goal.user),
        Folder(f"{paths.state}/bench", 0o755),  # measurements, made by root and shown on the page
        Folder(f"{paths.state}/models", 0o750, goal.user, goal.user),
        Folder(str(paths.logs), 0o750, goal.user, goal.user),
        # What lies below is secret by nature: journals, receipts, copies of data.
        *(Folder(str(path), 0o700) for path in (paths.receipts, paths.stage, paths.parked)),
        Folder(goal.uploads, 0o750, goal.user, goal.user, keep=True),
    ]
    place(name="Create folders", wanted=folders)


def configure(goal: Goal) -> None:
    """Make the secrets that are missing, and the files that hand them to each service and to root's own tools."""
    secrets.make(name="Make secrets")
    secrets.hand_out(name="Hand out secrets", goal=goal)


def activate(goal: Goal) -> None:
    """Do nothing: there is nothing to run."""
