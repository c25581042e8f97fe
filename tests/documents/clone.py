"""A clone of this repository on a host: what git tracks, as it lies in the working tree, and nothing that a build left
beside it.
"""

from __future__ import annotations

import subprocess

from tests.documents.blocks import ROOT
from tests.hosts.host import Host
from tests.hosts.outside import call

FOLDER = "/root/omnimind"


def clone(host: Host) -> str:
    """Copy the files to the host; returns their folder there."""
    tracked = call(("git", "ls-files", "-z"), cwd=ROOT).encode()
    archive = subprocess.run(
        ["tar", "-C", ROOT, "--null", "-T", "-", "-c", "--owner=0", "--group=0"],
        input=tracked,
        capture_output=True,
        check=True,
    )
    host.run(("mkdir", "-p", FOLDER))
    host.run(("tar", "-x", "-C", FOLDER), input=archive.stdout)
    return FOLDER
