"""Packages: which of the given Debian packages are installed, and whether an installation was interrupted."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from pyinfra.api import FactBase

from omnimind_ops.tools.dpkg import GUARD, POLICY, RECORD


@dataclass(frozen=True)
class Installed:
    """Package → version of fully installed packages.

    `record` are the packages that OmniMind installed; `guarded` means that its policy-rc.d was left behind.
    """

    versions: dict[str, str] = field(default_factory=dict)
    record: frozenset[str] = frozenset()
    guarded: bool = False


class Packages(FactBase[Installed]):
    """Fact: see Installed."""

    def command(self, packages: tuple[str, ...]) -> str:
        names = " ".join(shlex.quote(package) for package in packages)
        show = "'P ${Package} ${Version} ${db:Status-Status}\\n'"
        return (
            f"dpkg-query -W -f {show} {names} 2>/dev/null; "
            f"[ -e {RECORD} ] && sed 's/^/R /' {RECORD}; [ -e {POLICY} ] && grep -qF '{GUARD}' {POLICY} && echo G; true"
        )

    def process(self, output: list[str]) -> Installed:
        fields = [line.split() for line in output]
        versions = {line[1]: line[2] for line in fields if line[0] == "P" and line[-1] == "installed"}
        record = frozenset(line[1] for line in fields if line[0] == "R")
        return Installed(versions, record, ["G"] in fields)

    @staticmethod
    def default() -> Installed:
        return Installed()
