"""Redis is handed over while programs write to it, inside the project and outside: what was acknowledged is there.

The servers are real, and the steps are the product's; the native server is a process. A writer goes on until the old
server ends. Counters, keys with a time to live, streams, hashes and large values are written.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.campaigns.result import Campaign, Result, Trial
from tests.stores.redis.cutover import Cutover
from tests.stores.redis.hidden import hidden
from tests.stores.redis.servers import REDIS, programs
from tests.stores.redis.test_take import published

MISSING = "acknowledged writes are missing"
SLOW = "too few writes to count"
KEPT = "nothing is missing"
SIZES = (1, 300, 1000)
"""MB in the old server."""
LARGE = "OMNIMIND_WRITERS_MB"
"""Environment: the sizes to choose from, separated by commas; CI takes the smallest."""
WRITERS = 3
A_SECOND = 200
BEFORE_FENCE = 0.1
SETTLE = 1.5
"""Seconds of writing before the fence."""
VALUE = 10_000
MB = 1_000_000 // VALUE


@dataclass
class Writer:
    """A client that notes what was acknowledged: name → value, and when the last one was."""

    port: int
    name: str
    chance: random.Random
    over: threading.Event
    acknowledged: dict[str, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Write until the server refuses or ends."""
        link = redis.Redis(port=self.port, protocol=2, socket_timeout=60, retry=None)
        number = 0
        with suppress(redis.RedisError, OSError):
            while not self.over.is_set():
                number += 1
                name = self._write(link, number)
                self.acknowledged[name] = number
                self.times.append(time.time())

    def _write(self, link: redis.Redis, number: int) -> str:
        kind = self.chance.choice(("count", "timed", "stream", "hash", "large"))
        name = f"{self.name}:{kind}:{number if kind in ('timed', 'large') else number % 50}"
        if kind == "count":
            link.set(name, number)
        elif kind == "timed":
            link.set(name, number, ex=7200)
        elif kind == "stream":
            link.xadd(name, {"n": number})
        elif kind == "hash":
            link.hset(name, "n", number)
        else:
            link.set(name, f"{number}:" + "x" * self.chance.randrange(20_000))
        return name

    def missing(self, native: redis.Redis) -> list[str]:
        """Return what the native server does not have."""
        return [name for name, number in self.acknowledged.items() if self._number(native, name) < number]

    def _number(self, native: redis.Redis, name: str) -> int:
        kind = name.split(":")[1]
        if kind == "stream":
            last = native.xrevrange(name, count=1)
            return int(last[0][1][b"n"]) if last else 0
        if kind == "hash":
            return int(native.hget(name, "n") or 0)
        return int((native.get(name) or b"0").split(b":")[0])


@contextmanager
def opened() -> Iterator[Trial]:
    """Prepare nothing: each trial has its own servers."""
    yield trial


def trial(chance: random.Random) -> Result:
    """Fill an old server, write to it, hand over, and ask the native one for everything that was acknowledged."""
    every = programs()
    name = chance.choice(sorted(every))
    size = chance.choice([int(text) for text in os.environ.get(LARGE, "1").split(",")])
    append_only = chance.random() < 0.3
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="om-", dir="/var/tmp")))
        source = stack.enter_context(published(every[name]))
        native = stack.enter_context(hidden(folder, append_only=append_only))
        link = redis.Redis(port=source.port, protocol=2)
        for at in range(0, size * MB, 100):
            link.mset({f"filled:{n}": chance.randbytes(VALUE) for n in range(at, min(at + 100, size * MB))})
        cutover = Cutover(folder, source, native, "rdb" if every[name] == REDIS else "logical", save_first=False)
        stack.callback(lambda: cutover.live.close())
        writers, over = _started(source.port, chance)
        stack.callback(over.set)
        result = _handed_over(cutover, writers, over, link)
    detail = f"{name}, {size} MB, {'append-only' if append_only else 'dump'}: {result.detail}"
    return Result(result.kind, result.bad, detail)


def _started(port: int, chance: random.Random) -> tuple[list[Writer], threading.Event]:
    over = threading.Event()
    writers = [Writer(port, f"writer {n}", random.Random(chance.random()), over) for n in range(WRITERS)]
    for writer in writers:
        threading.Thread(target=writer.run, daemon=True).start()
    return writers, over


def _handed_over(cutover: Cutover, writers: list[Writer], over: threading.Event, old: redis.Redis) -> Result:
    cutover.warm()
    time.sleep(SETTLE)
    cutover.take()
    with suppress(redis.RedisError):
        old.shutdown(nosave=True)  # what `docker stop` does, after the old server's last save
    over.set()
    cutover.open()
    held = cutover.taken.held_at or 0.0
    times = [at for writer in writers for at in writer.times]
    rate = sum(held - 1 <= at < held for at in times)
    last = min((held - at for at in times if at <= held), default=99.0)
    native = cutover.seen()
    missing = [name for writer in writers for name in writer.missing(native)]
    count = sum(len(writer.times) for writer in writers)
    detail = f"{count} acknowledged, {rate} in the last second, the last {last * 1000:.0f} ms before the fence"
    if missing:
        return Result(MISSING, True, f"{len(missing)} missing, first {missing[0]}; {detail}")
    cutover.assert_equal()
    return Result(KEPT if rate >= A_SECOND and last <= BEFORE_FENCE else SLOW, detail=detail)


CAMPAIGN = Campaign(
    "writers",
    "a Redis handed over while programs write to it; acknowledged writes that are missing must be 0",
    opened,
    (0, 1, 2),
)
