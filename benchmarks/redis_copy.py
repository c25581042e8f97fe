"""Speed, memory and downtime of the key-by-key copy of Redis: `python -m benchmarks.redis_copy`.

Each side is a process of its own, on the same source, one after the other. `before` is another checkout of omnimind,
with the copy and the fingerprint that a cutover needed then. `downtime` is from the fence to a native server that has
loaded the data. The memory of the source is polled (used_memory, above idle); ours is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnimind_ops.model.event import Event
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from tests.stores.redis.servers import REDIS, client, served, valkey_program

BEFORE = """
import json, sys, time
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.model.event import Event
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
source, target = (RedisEndpoint(socket=path) for path in sys.argv[1:3])
began, cpu = time.monotonic(), time.process_time()
fingerprint(source, choose_horizon(source), minutes=True)
copy_keys(source, target, lambda event: None)
print(json.dumps({"s": time.monotonic() - began, "cpu": time.process_time() - cpu}))
"""


def fill(source: RedisEndpoint, keys: int) -> None:
    """Write small keys: strings, with and without a time to live, hashes, lists and sorted sets."""
    pipe = client(source).pipeline(transaction=False)
    for n in range(keys):
        kind = n % 20
        if kind < 12:
            pipe.set(f"cache:item:{n}", "x" * 100)
        elif kind < 15:
            pipe.set(f"session:{n}", "y" * 80, ex=86400)
        elif kind < 18:
            pipe.hset(f"user:{n}", mapping={f"field {i}": "v" * 12 for i in range(5)})
        elif kind < 19:
            pipe.rpush(f"list:{n}", *["e" * 20] * 5)
        else:
            pipe.zadd(f"ranking:{n}", {f"member {i}": i / 3 for i in range(5)})
        if n % 5000 == 4999:
            pipe.execute()
    pipe.execute()


def copy_now(path: str, folder: Path) -> None:
    """Copy as the migration does, in this process, and print the figures."""
    from omnimind_ops.paths import Paths
    from omnimind_ops.steps.live_redis import LiveRedis
    from omnimind_ops.stores.redis.connection import connect
    from omnimind_ops.stores.redis.fence import hold_writes

    source = RedisEndpoint(socket=path)

    def ignore(event: Event) -> None: ...

    with LiveRedis(Paths(root=folder)) as live:
        began, cpu = time.monotonic(), time.process_time()
        live.start(source, "logical", ignore, "")
        warm, used = time.monotonic() - began, time.process_time() - cpu
        with connect(source) as connection:
            hold_writes(connection)
        fence = time.monotonic()
        live.finish(ignore, "")
        finished = time.monotonic() - fence
        live.save(folder / "dump.rdb", ignore, "")
        saved = time.monotonic() - fence
        with served(REDIS, "--dbfilename", "dump.rdb", folder=folder) as native:
            keys = client(native).dbsize()
            down = time.monotonic() - fence
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = {"s": warm, "cpu": used, "finish": finished, "saved": saved, "downtime": down, "keys": keys, "peak": peak}
    print(json.dumps(figures))


@contextmanager
def watching(source: RedisEndpoint) -> Iterator[list[int]]:
    """Poll the source's memory; the list begins with what it uses idle."""
    link: Any = client(source)
    seen, over = [link.info("memory")["used_memory"]], threading.Event()

    def poll() -> None:
        while not over.wait(0.01):
            seen.append(link.info("memory")["used_memory"])

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def measured(argv: list[str], checkout: Path) -> dict[str, float]:
    """Run one side in a process of its own."""
    done = subprocess.run(
        [sys.executable, *argv], cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--source", default="", help="program of the old server; default: the Valkey wheel")
    parser.add_argument("--before", type=Path, help="checkout to compare with")
    parser.add_argument("--copy", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.copy:
        copy_now(options.copy[0], Path(options.copy[1]))
        return
    figures: dict[str, Any] = {}
    with served(options.source or valkey_program()) as source:
        fill(source, options.keys)
        if options.before:
            with served(REDIS) as target:
                figures["before"] = measured(["-c", BEFORE, source.socket, target.socket], options.before)
        with tempfile.TemporaryDirectory(prefix="om-") as folder, watching(source) as seen:
            argv = ["-m", "benchmarks.redis_copy", "--copy", source.socket, folder]
            figures["now"] = measured(argv, Path.cwd())
        figures["source_mb_above_idle"] = round((max(seen) - seen[0]) / 1e6, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
