"""Options of `bash .ci/demo`. It runs this file before it installs anything, so this imports the standard library only."""

from __future__ import annotations

import argparse


def options() -> argparse.Namespace:
    """Return the options of the command line; exit with 2 for an invalid one, with 0 after --help."""
    parser = argparse.ArgumentParser(
        prog="bash .ci/demo",
        allow_abbrev=False,
        description="Boot a host with the sample stack, migrate it for real, print the summary.",
    )
    parser.add_argument("--points", type=int, default=10_000, help="points in the collection (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the host running afterwards")
    return parser.parse_args()


if __name__ == "__main__":
    options()
