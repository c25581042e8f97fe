"""Jobs that do not need each other, side by side, with a line when each begins, ends, or takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

SILENCE = 20.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """Something that takes a while: its name, and how it is done."""

    name: str
    how: str
    do: Callable[[], object]


def run(jobs: Sequence[Job], say: Say, workers: int) -> None:
    """Do all jobs, `workers` at a time, in this order.

    After a failure none begins; it is raised when those that run have ended.
    """
    began: dict[str, float] = {}
    failed = threading.Event()

    def do(job: Job) -> str:
        if not failed.is_set():
            began[job.name] = time.monotonic()
            say(f"{job.name}: {job.how} …")
            try:
                job.do()
            except BaseException:
                failed.set()
                raise
        return job.name

    with ThreadPoolExecutor(workers) as pool:
        pending: set[Future[str]] = {pool.submit(do, job) for job in jobs}
        while pending:
            ended, pending = wait(pending, timeout=SILENCE, return_when=FIRST_COMPLETED)
            done = len(jobs) - len(pending)
            for name in (future.result() for future in ended):
                say(f"{name}: done in {time.monotonic() - began.pop(name):.0f} s ({done} of {len(jobs)})")
            if not ended:
                say(f"{done} of {len(jobs)} done, working on: {', '.join(began)}")
