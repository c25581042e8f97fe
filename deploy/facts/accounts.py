"""Accounts: which of the given system users exist, from one getent call."""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase


class Accounts(FactBase[dict[str, str]]):
    """User → home folder, for existing users."""

    def command(self, users: tuple[str, ...]) -> str:
        return f"getent passwd {' '.join(shlex.quote(user) for user in users)}; true"

    def process(self, output: list[str]) -> dict[str, str]:
        return {fields[0]: fields[5] for fields in (line.split(":") for line in output) if len(fields) > 5}

    @staticmethod
    def default() -> dict[str, str]:
        return {}
