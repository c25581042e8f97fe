"""A command on a host as a person runs it: in a login shell on a terminal, with nothing in its environment that a login
does not give.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from select import select

from omnimind_ops.model.problem import ExitCode
from tests.hosts import certificates
from tests.hosts.host import Host
from tests.hosts.words import Mount

LOGIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""root's on Debian: /etc/profile."""
QUESTION = re.compile(rb"\[y/N\]:? $|\[y/N\]: \x1b\[[0-9;]*m$")
UNTIL_ONE_FAILS = f"trap 'code=$?; [ $code = {int(ExitCode.UNCONFIRMED)} ] || exit $code' ERR"
"""A migration that waits for its confirmation has not failed: the next line confirms it."""
CA_VARIABLES = (*certificates.VARIABLES, "NODE_EXTRA_CA_CERTS")


def environment(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Home, PATH and terminal; and where packages come from, which this machine may have to say: its CA and its folder
    of wheels.
    """
    kept = {
        "HOME": "/root",
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/bash",
        "PATH": LOGIN_PATH,
        "TERM": "xterm",
        "LANG": "C.UTF-8",
    }
    if certificates.outer_bundle():
        kept |= dict.fromkeys(CA_VARIABLES, certificates.INSIDE)
    return kept | {name: outer[name] for name in ("PIP_FIND_LINKS",) if name in outer}


def mounts(outer: Mapping[str, str] = os.environ) -> list[Mount]:
    """This machine's folders of wheels, at the same place in the host."""
    return [Mount(Path(word), word) for word in outer.get("PIP_FIND_LINKS", "").split() if Path(word).is_dir()]


@dataclass
class Typed:
    """What came of a script: exit code, and all that the terminal showed."""

    code: int
    shown: str
    seconds: float = field(compare=False, default=0.0)


def type_in(host: Host, script: str, cwd: str, timeout: float) -> Typed:
    """Run the lines one after the other until one fails; each question [y/N] is answered with y."""
    host.write("/run/typed.sh", f"{UNTIL_ONE_FAILS}\n{script}")
    clean = [f"{name}={value}" for name, value in environment().items()]
    arguments = ["env", "-i", *clean, "timeout", f"{timeout:.0f}", "bash", "-l", "-o", "pipefail", "/run/typed.sh"]
    began = time.monotonic()
    outer, inner = pty.openpty()
    try:
        client = subprocess.Popen(
            ["docker", "exec", "-it", "--workdir", cwd, host.name, *arguments], stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
        shown = _talk(outer, client, time.monotonic() + timeout + 20)
    finally:
        os.close(outer)
    return Typed(client.wait(30), shown.decode(errors="replace").replace("\r\n", "\n"), time.monotonic() - began)


def _talk(terminal: int, client: subprocess.Popen[bytes], deadline: float) -> bytes:
    shown, answered = b"", 0
    while time.monotonic() < deadline:
        ready, _, _ = select([terminal], [], [], 0.5)
        if ready:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                return shown
            shown += data
            if QUESTION.search(shown, answered):
                answered = len(shown)
                os.write(terminal, b"y\n")
        elif client.poll() is not None:
            return shown
    client.kill()
    return shown
