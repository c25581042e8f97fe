"""Content of the distribution's packages, inspected without installing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.model.program import Library
from omnimind_ops.tools import apt, libraries
from omnimind_ops.tools.shell import run

PACKAGE_OF = {
    "libunwind-ptrace.so.0": "libunwind8",
    "libunwind-x86_64.so.8": "libunwind8",
    "libunwind-aarch64.so.8": "libunwind8",
    "libunwind-coredump.so.0": "libunwind8",
    "libgcc_s.so.1": "libgcc-s1",
    "libz.so.1": "zlib1g",
    "libcrypto.so.3": "libssl3",
}
"""Packages whose names do not follow from the library's. glibc is not among them: it is never replaced."""
GLIBC = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|nss_\w+|anl)\.so\.\d)")
NETWORK_OPTIONS = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10")


def names(library: str) -> tuple[str, ...]:
    """Return the packages that may contain a library: "libfoo.so.1" is in libfoo1, or since 2024 in libfoo1t64."""
    if library.startswith("/") or GLIBC.fullmatch(library):
        return ()
    stem, _, number = library.partition(".so.")
    usual = f"{stem}{'-' if stem[-1:].isdigit() else ''}{number}".lower().replace("_", "-")
    package = PACKAGE_OF.get(library, usual)
    return package, f"{package}t64"


class PackageFinder:
    """Packages downloaded to a scratch folder and unpacked there; call it with the missing libraries."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.options: tuple[str, ...] = ()

    def __call__(self, missing: frozenset[str]) -> Mapping[str, tuple[str, Library]]:
        """Return library → package and library, for those in uninstalled packages that can be downloaded."""
        offered: dict[str, tuple[str, Library]] = {}
        for package in self._candidates({name for library in missing for name in names(library)}):
            contents = self._unpacked(package)
            offered |= {name: (package, contents[name]) for name in missing if name in contents and name not in offered}
        return offered

    def _candidates(self, packages: set[str]) -> tuple[str, ...]:
        """Return the packages that are not installed and that apt could install.

        Empty lists are updated in a separate folder.
        """
        policies = apt.policies(sorted(packages), self.options) if packages else ()
        if packages and not policies and not self.options:
            lists = self.scratch / "lists"
            lists.mkdir()
            self.options = apt.separate_lists(lists)
            apt.update((*self.options, *NETWORK_OPTIONS))
            policies = apt.policies(sorted(packages), self.options)
        return tuple(policy.package for policy in policies if policy.candidate and not policy.installed)

    def _unpacked(self, package: str) -> Mapping[str, Library]:
        folder = self.scratch / "unpacked" / package
        if not folder.exists():
            folder.mkdir(parents=True)
            download = ("apt-get", *self.options, *NETWORK_OPTIONS, "download", package)
            completed = run(download, cwd=folder, check=False, timeout=90)
            for file in folder.glob("*.deb") if completed.ok else ():
                run(("dpkg-deb", "-x", str(file), str(folder)), check=False)
        return libraries.in_folder(folder)
