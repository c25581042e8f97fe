"""Speed, memory and downtime of the key-by-key copy of Redis: `python -m benchmarks.redis_copy`.

Each side is a process of its own, on the same source, one after the other. `before` is another checkout of omnimind,
whose native server loads a dump; the stop of the old server is not part of it. `now` hands over, in seconds from the
fence: `taken` (the old server has saved, and answered reads meanwhile), `stopped`, `answers` (the native one on its
port). The memory of the source is polled (used_memory, above idle); ours is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready
from tests.qdrant import free_port
from tests.stores.redis.servers import valkey_program

BEFORE = """
import json, pathlib, sys, time
from omnimind_ops.paths import Paths
from omnimind_ops.steps.live_redis import LiveRedis
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes, release_writes
from tests.stores.redis.servers import REDIS, client, served
source, folder, way = RedisEndpoint(port=int(sys.argv[1])), pathlib.Path(sys.argv[2]), sys.argv[3]
ignore = lambda event: None
with LiveRedis(Paths(root=folder)) as live:
    began = time.monotonic()
    live.start(source, way, ignore, "")
    warm = time.monotonic() - began
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
        release_writes(connection)
print(json.dumps({"warm": warm, "finish": finished, "saved": saved, "answers": down, "keys": keys}))
"""


def fill(source: RedisEndpoint, keys: int) -> None:
    """Write small keys: strings, with and without a time to live, hashes, lists and sorted sets."""
    pipe = redis.Redis(port=source.port, protocol=2).pipeline(transaction=False)
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


def fill_large(source: RedisEndpoint, keys: int) -> None:
    """Write values of 10 kB that cannot be compressed."""
    link = redis.Redis(port=source.port, protocol=2)
    for at in range(0, keys, 100):
        link.mset({f"large:{n}": os.urandom(10_000) for n in range(at, min(keys, at + 100))})


def copy_now(port: int, pid: int, folder: Path, way: str) -> None:
    """Hand over as the migration does, in this process, and print the timeline, in seconds from the fence."""
    from omnimind_ops.steps import redis as steps
    from tests.stores.redis.cutover import Cutover
    from tests.stores.redis.hidden import hidden

    steps._is_lost_with_stop = lambda *_: False  # its data is on a volume
    with hidden(folder) as native:
        cutover = Cutover(folder, RedisEndpoint(port=port), native, way, save_first=False)
        began, cpu = time.monotonic(), time.process_time()
        cutover.warm()
        warm, used = time.monotonic() - began, time.process_time() - cpu
        cutover.take()
        held = cutover.taken.held_at or 0.0
        taken = time.time() - held
        os.kill(pid, signal.SIGTERM)  # as docker stop; the port is tried until it is free
        while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z":
            time.sleep(0.001)
        stopped = time.time() - held
        cutover.open()
        answers = time.time() - held
        keys = cutover.seen().dbsize()
        began = time.monotonic()
        cutover.save()
        saved = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = {"warm": warm, "cpu": used, "taken": taken, "stopped": stopped, "answers": answers, "keys": keys}
    print(json.dumps({**figures, "saved_after": saved, "peak": peak}))


@contextmanager
def watching(source: RedisEndpoint) -> Iterator[list[int]]:
    """Poll the source's memory; the list begins with what it uses idle."""
    link = redis.Redis(port=source.port, protocol=2)
    seen, over = [link.info("memory")["used_memory"]], threading.Event()

    def poll() -> None:
        with suppress(redis.RedisError):  # it is stopped
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


@contextmanager
def old_server(program: str, *, append_only: bool) -> Iterator[tuple[int, int]]:
    """Run an old server that saves, as a container publishes it; return port and process."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="om-", dir="/var/tmp") as folder:
        words = ("--port", str(port), "--dir", folder, "--save", "86400", "1", "--repl-diskless-sync-delay", "0")
        words = (*words, "--appendonly", "yes" if append_only else "no")
        process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL)
        try:
            wait_until_ready(RedisEndpoint(port=port), timeout=20)
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=0, help="in place of small keys: so many of 10 kB")
    parser.add_argument("--source", default="", help="program of the old server; default: the Valkey wheel")
    parser.add_argument("--way", choices=("logical", "rdb"), default="logical")
    parser.add_argument("--append-only", action="store_true", help="the old server has an append-only file")
    parser.add_argument("--before", type=Path, help="checkout to compare with")
    parser.add_argument("--copy", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.copy:
        port, pid, folder, way = options.copy
        copy_now(int(port), int(pid), Path(folder), way)
        return
    figures: dict[str, Any] = {}
    with old_server(options.source or valkey_program(), append_only=options.append_only) as (port, pid):
        source = RedisEndpoint(port=port)
        fill_large(source, options.large) if options.large else fill(source, options.keys)
        if options.before:
            with tempfile.TemporaryDirectory(prefix="om-", dir="/var/tmp") as made:
                figures["before"] = measured(["-c", BEFORE, str(port), made, options.way], options.before)
        with tempfile.TemporaryDirectory(prefix="om-", dir="/var/tmp") as made, watching(source) as seen:
            argv = ["-m", "benchmarks.redis_copy", "--copy", str(port), str(pid), made, options.way]
            figures["now"] = measured(argv, Path.cwd())
        figures["source_mb_above_idle"] = round((max(seen) - seen[0]) / 1e6, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
