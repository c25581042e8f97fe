"""The suites that the story runs on: how each is booted and how omnimind gets there.

What is claimed as supported stands on these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import cpython, index, tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.recipe import Recipe
from tests.hosts.sample import boot_sample
from tests.hosts.words import Mount

INDEX = Path(__file__).parents[1] / "hosts/index.py"
INDEX_PORT = 7654
MARKS, ASKED = "/testhost/marks", "/testhost/asked"


@dataclass(frozen=True)
class Suite:
    """A suite of Debian, the system that it is, the Python omnimind runs on there, and where the packages come from."""

    name: str
    system: str
    python: str
    index: bool
    """From an index, that serves strangers' packages under our names too; else from a wheelhouse, with no index to be
    reached.
    """
    forced: bool = False
    brought: bool = False
    """The suite's own Python is too old: CPython comes from a mirror."""

    @property
    def install(self) -> tuple[str, ...]:
        """Options for install.sh."""
        python = ("--python", self.python) if self.brought else ()
        return (*(() if self.index else tool.FROM_WHEELHOUSE), *python, *self.force)

    @property
    def migrate(self) -> tuple[str, ...]:
        """The words that begin a migration."""
        return (*tool.MIGRATE, *(() if self.index else tool.FROM_WHEELHOUSE), *self.force)

    @property
    def force(self) -> tuple[str, ...]:
        """The option that an unsupported system takes."""
        return ("--force-os",) if self.forced else ()

    @property
    def environment(self) -> dict[str, str]:
        """What a person there has set."""
        index = {"PIP_INDEX_URL": f"http://127.0.0.1:{INDEX_PORT}/simple"}
        nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
        return {**(index if self.index else nowhere), **(cpython.environment() if self.brought else {})}


BOOKWORM = Suite("bookworm", "Debian 12", "3.11", index=True)
TRIXIE = Suite("trixie", "Debian 13", "3.13", index=True)
BULLSEYE = Suite("bullseye", "Debian 11", "3.13", index=False, forced=True, brought=True)
SUITES = (BOOKWORM, TRIXIE, BULLSEYE)


@contextmanager
def booted(suite: Suite, points: int, foreign: bool = False) -> Iterator[Host]:
    """A host of this suite for a block, with the sample stack on it and the command installed."""
    mounts = [
        wheelhouse.mount(python=suite.python),
        *([cpython.mount()] if suite.brought else []),
        Mount(INDEX, "/testhost/index.py"),
    ]
    with boot_sample(
        points=points, foreign=foreign, recipe=Recipe(suite.name), mounts=mounts, environment=suite.environment
    ) as host:
        if suite.index:
            serve(host)
        tool.install(host, suite.install)
        yield host


def serve(host: Host) -> None:
    """Have the host's own index up, now and after a reboot: the wheelhouse's packages, but ours only as hostile
    strangers offer them.
    """
    command = f"/usr/bin/python3 -u /testhost/index.py /wheelhouse {MARKS} 127.0.0.1 {INDEX_PORT}"
    unit = f"[Service]\nExecStart={command}\nStandardOutput=append:{ASKED}\n[Install]\nWantedBy=multi-user.target\n"
    host.write("/etc/systemd/system/testhost-index.service", unit)
    host.sh("systemctl enable --now --quiet testhost-index")
    host.wait_for(("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{INDEX_PORT}"), 20, "the index")


def check_index(host: Host, suite: Suite) -> None:
    """Nobody asked the index for a name of ours, and no stranger's code ran; without an index no package was asked for
    elsewhere.
    """
    if not suite.index:
        return
    output = host.read(ASKED).splitlines()
    assert any("/simple/pyinfra" in path for path in output), "the packages came from elsewhere"
    assert [path for path in output if index.project(path.rstrip("/").rpartition("/")[2]) in index.NAMES] == []
    assert host.sh(f"ls {MARKS}") == ""
