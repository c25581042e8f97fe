"""omnimind guard: check repeatedly, restart what fails.

A service runs it; started by hand it shows the guard's decisions.
"""

from __future__ import annotations

import sys

from omnimind_ops.cli.options import Config, Json, paths


def command(config: Config = None, json: Json = False) -> None:
    """Check all services every 10 s and restart those that keep failing. Runs until stopped."""
    from omnimind_ops.flows import guard
    from omnimind_ops.settings import load

    if json:
        from omnimind_ops.render.jsonl import JsonLines

        tell = JsonLines(sys.stdout).tell
    else:
        tell = guard.to_stderr
    guard.run(guard.finder(lambda: load(config), paths()), tell)
