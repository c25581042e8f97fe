"""Boot a host with the sample stack, migrate it for real, print the summary. `nox -s demo`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from . import tool, wheelhouse
from .sample import boot_sample


def main() -> int:
    """Run the demo; returns the migration's exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=50_000, help="points in the collection")
    options.add_argument("--keep", action="store_true", help="leave the host running afterwards")
    asked = options.parse_args()
    say("building and booting a disposable host with the sample stack (the first time takes minutes, then seconds)")
    host = boot_sample(points=asked.points, mounts=[wheelhouse.mount()])
    try:
        say(f"host {host.name} is up; installing omnimind on it")
        tool.install(host)
        say("on the host: omnimind migrate --from-docker --yes")
        terminal = ["-t"] if sys.stdout.isatty() else []
        done = subprocess.run(["docker", "exec", *terminal, host.name, tool.PROGRAM, *tool.WORDS, "--yes"], check=False)
        print(host.sh("systemctl list-units --no-legend --plain 'omnimind*' qdrant.service redis-server.service 'postgresql*'"))
        return done.returncode
    finally:
        if asked.keep:
            say(f"kept: python -m tests.hosts shell {host.name}; python -m tests.hosts stop {host.name}")
        else:
            host.stop()


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
