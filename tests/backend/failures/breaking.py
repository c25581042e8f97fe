"""Kill and freeze the parts of a world, and wait."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests import freezing
from tests.services import Process

FROZEN_SECONDS = 3.0


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Stop a server and all its children in the middle of whatever they do."""
    with freezing.frozen(process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))):
        yield


def kill(process: Process) -> None:
    """Kill a server, and start it again after a moment."""
    process.stop(signal.SIGKILL)
    time.sleep(0.5)
    process.start()


def freeze(process: Process) -> None:
    """Stop a server for some seconds."""
    with frozen(process):
        time.sleep(FROZEN_SECONDS)


def until(done: Callable[[], object], seconds: float = 30) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
