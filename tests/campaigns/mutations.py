"""One thing of an equal copy removed, changed or added: the product's `verify` must be told each time.

Redis and Valkey of every version at hand, Qdrant, and a folder. Each trial first compares the untouched copy, which must
be equal.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.campaigns.result import Campaign, Result, Trial
from tests.mutations.files import FilesCopy
from tests.mutations.mutation import Copy, is_noticed
from tests.mutations.qdrant import qdrant_copy
from tests.mutations.redis import redis_copy
from tests.stores.redis.servers import programs

NAMES = ("redis", "redis 8", "valkey", "qdrant", "files")
"""Where there is no Redis 8, the installed Redis takes its place."""
MISSED = "missed"
FALSE = "an equal copy is refused"
SAMPLE = 24
"""Trials: about a second each."""


@contextmanager
def opened() -> Iterator[Trial]:
    """Run all servers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="om-mutations-", dir="/var/tmp")))
        files = folder / "files"
        files.mkdir()
        copies: dict[str, Copy] = {
            name: stack.enter_context(redis_copy(program)) for name, program in programs().items()
        }
        copies |= {"qdrant": stack.enter_context(qdrant_copy(folder)), "files": FilesCopy(files)}
        yield lambda chance: trial(copies, chance)


def trial(copies: dict[str, Copy], chance: random.Random) -> Result:
    """Make a copy, compare it, change it, and compare it again."""
    name = chance.choice(NAMES)
    copy = copies.get(name, copies["redis"])
    mutation = chance.choice(sorted(copy.mutations))
    copy.prepare(chance)
    if problem := is_noticed(copy):
        return Result(FALSE, True, f"{name}: {problem}")
    copy.mutations[mutation](chance)
    problem = is_noticed(copy)
    detail = f"{name}: {mutation}"
    return Result("noticed", detail=f"{detail}: {problem}") if problem else Result(MISSED, True, detail)


CAMPAIGN = Campaign(
    "mutations",
    "an equal copy, changed in one way; differences that verify does not notice must be 0",
    opened,
    tuple(range(SAMPLE)),
)
