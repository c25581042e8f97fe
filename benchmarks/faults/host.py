"""`nox -s bench -- faults.host`: the table of faults on a disposable migrated host, which runs systemd.

The options are those of `faults`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample

FOLDER = "/testhost"
COMMAND = ("/opt/omnimind/venv/bin/python", "-m", "benchmarks.faults", "--native")
"""The command in the services' environment, which has the store clients; the environment of the omnimind command
lacks them.
"""


@contextmanager
def migrated() -> Iterator[Host]:
    """Run a host with a migrated system for the block. Run COMMAND in its folder FOLDER to inject the faults."""
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as host:
        tool.install(host)
        tool.migrate(host)
        host.copy_in(Path(__file__).parent, f"{FOLDER}/benchmarks/faults")
        yield host


def main(arguments: list[str]) -> int:
    """Print the table and return its exit code."""
    with (
        migrated() as host,
        host.popen((*COMMAND, *arguments), cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=None, stderr=None) as client,
    ):  # type: ignore[arg-type]
        return client.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
