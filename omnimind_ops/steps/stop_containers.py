"""Stop containers, each with the time that it was given to end."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from omnimind_ops.tools.shell import run

ENGINE_SECONDS = 60
"""How long the engine itself may take beyond that."""


def stop_containers(graces: Mapping[str, int], *, check: bool = True) -> None:
    """Return when all have stopped. `graces`: ID → seconds until it is killed."""
    groups: dict[int, list[str]] = {}
    for id, seconds in graces.items():
        groups.setdefault(seconds, []).append(id)

    def stop(seconds: int) -> None:
        words = ("docker", "stop", f"--time={seconds}", *groups[seconds])
        run(words, timeout=seconds + ENGINE_SECONDS, check=check)

    pool = ThreadPoolExecutor(max(len(groups), 1))
    try:
        list(pool.map(stop, groups))
    finally:
        pool.shutdown(wait=False)  # Ctrl-C does not wait
