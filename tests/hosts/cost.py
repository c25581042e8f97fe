"""What a demo costs: seconds, and disk on every file system that it writes to."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MB = 1024 * 1024
BEGAN, FREE = "OMNIMIND_DEMO_BEGAN", "OMNIMIND_DEMO_FREE"
WRITTEN = (Path("/"), Path("/var/lib"), Path.home(), Path.cwd())


def available(mount: str) -> int:
    """Free space of this file system in MB, as `df` tells it."""
    stat = os.statvfs(mount)
    return stat.f_bavail * stat.f_frsize // MB


def mount_of(path: Path) -> str:
    """The mount point that this path is on."""
    path = path.resolve()
    return str(next(place for place in (path, *path.parents) if os.path.ismount(place)))


def free_before(environ: Mapping[str, str]) -> dict[str, int]:
    """Free MB of each file system when `.ci/demo` began, or now where it did not."""
    noted = dict(line.rsplit(maxsplit=1) for line in environ.get(FREE, "").splitlines())
    return {mount: int(free) for mount, free in noted.items()} or {
        mount: available(mount) for mount in map(mount_of, WRITTEN)
    }


@dataclass
class Cost:
    """Counts from `began` (epoch seconds). Use as a context manager: the peak is sampled meanwhile."""

    began: float
    before: dict[str, int]
    free: Callable[[str], int] = available
    peak: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Cost:
        """Since `.ci/demo` began, which notes it in the environment."""
        return cls(float(environ.get(BEGAN, time.time())), free_before(environ))

    @property
    def seconds(self) -> int:
        """Seconds since it began."""
        return round(time.time() - self.began)

    def used(self) -> int:
        """MB used now that were free when it began; notes the peak."""
        now = sum(free - self.free(mount) for mount, free in self.before.items())
        self.peak = max(self.peak, now)
        return now

    def line(self) -> str:
        """The sentence that a person wants at the end."""
        now = self.used()
        return f"This took {self.seconds} s and at most {self.peak / 1000:.1f} GB of disk; {now / 1000:.1f} GB stay for the next time"

    def __enter__(self) -> Cost:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()

    def _watch(self) -> None:
        while not self.over.wait(1):
            self.used()
