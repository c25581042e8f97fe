"""One stand-in process on a free loopback port, whatever program other tests talk to."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tests import qdrant

ROOT = qdrant.ROOT
GIVEN = os.environ.get("OMNIMIND_QDRANT_STANDIN")
WORDS = (GIVEN,) if GIVEN else qdrant.STANDIN
"""The modules, or the executable file given: then all tests run against that."""


@dataclass
class Server(qdrant.Server):
    """One stand-in process; `home` keeps its storage and snapshots over restarts."""

    words: tuple[str, ...] = WORDS
