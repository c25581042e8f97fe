"""A local mirror of CPython for `uv python install`: for hosts whose own Python is too old, without a network.

What uv downloads by default needs the internet, and its built-in hashes refuse an archive that somebody else built. So
the mirror has a list of its own: `UV_PYTHON_DOWNLOADS_JSON_URL=file:///testhost/python/downloads.json`.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cache import kept, key_of
from .outside import call
from .words import Mount

INSIDE = "/testhost/python"
LIST = "downloads.json"
VERSIONS = {"bookworm": "3.11", "trixie": "3.13"}
"""The Python whose source package each suite has."""
BUILT_ON = "bullseye"
"""The oldest suite that a host may be: what is built there needs no newer glibc."""
PACKAGES = (
    "gcc", "libc6-dev", "make", "xz-utils", "pkg-config", "patchelf", "ca-certificates",
    "libssl-dev", "libsqlite3-dev", "libffi-dev", "zlib1g-dev", "libbz2-dev", "liblzma-dev",
)  # fmt: skip
SCRIPT = Path(__file__).with_name("cpython.sh")
BUILD_SECONDS = 3600
ARCHIVE = re.compile(r"cpython-(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)-")


@dataclass(frozen=True)
class Build:
    """The words of one build."""

    suite: str

    @property
    def version(self) -> str:
        """Major and minor."""
        return VERSIONS[self.suite]

    @property
    def key(self) -> str:
        """Changes with everything that shapes the archive, but for the age of the source package."""
        return key_of(self.suite, self.version, BUILT_ON, *PACKAGES, SCRIPT.read_bytes(), LIST)

    def words(self, folder: Path) -> tuple[str, ...]:
        """The mmdebstrap command that builds in a root file system of its own, and leaves the archive in `folder`."""
        script = f'cp {shlex.quote(str(SCRIPT))} "$1/build.sh"'
        build = f'chroot "$1" sh /build.sh {self.version} {self.suite}'
        out = f'cp "$1"/out/*.tar.gz {shlex.quote(str(folder))}'
        hooks = (f"--customize-hook={hook}" for hook in (script, build, out))
        return (
            "mmdebstrap",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            *hooks,
            "--format=null",
            BUILT_ON,
            "/dev/null",
        )


def mirror(suite: str = "trixie") -> Path:
    """A cached folder with a CPython built from this suite's source package, and the list that uv reads; mount it at
    `INSIDE`.

    The first time takes minutes.
    """
    build = Build(suite)

    def make(target: Path) -> None:
        target.mkdir()
        call(build.words(target), timeout=BUILD_SECONDS)
        (archive,) = target.glob("cpython-*.tar.gz")
        (target / LIST).write_text(json.dumps(downloads(archive), indent=1) + "\n")

    return kept(f"python-{suite}-{build.key}", make)


def downloads(archive: Path) -> dict[str, dict[str, Any]]:
    """uv's list of this one archive, as a host sees it."""
    result = ARCHIVE.match(archive.name)
    assert result, archive.name
    major, minor, patch = (int(result[part]) for part in ("major", "minor", "patch"))
    key = f"cpython-{major}.{minor}.{patch}-linux-{platform.machine()}-gnu"
    entry = {
        "name": "cpython", "arch": {"family": platform.machine(), "variant": None}, "os": "linux", "libc": "gnu",
        "major": major, "minor": minor, "patch": patch, "prerelease": "", "variant": None, "build": None,
        "url": f"file://{INSIDE}/{archive.name}", "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }  # fmt: skip
    return {key: entry}


def mount(suite: str = "trixie") -> Mount:
    """The mirror as a read-only mount."""
    return Mount(mirror(suite), INSIDE)


def environment() -> dict[str, str]:
    """What tells uv on the host about it."""
    return {"UV_PYTHON_DOWNLOADS_JSON_URL": f"file://{INSIDE}/{LIST}"}
