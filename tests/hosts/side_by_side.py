"""Jobs that do not need each other, side by side, with a line when each begins, ends, or takes long."""

from __future__ import annotations

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
    """Do all jobs, `workers` at a time, in this order. The first failure is raised when those that run have ended; no other begins."""
    began: dict[str, float] = {}

    def do(job: Job) -> Job:
        began[job.name] = time.monotonic()
        say(f"{job.name}: {job.how} …")
        job.do()
        return job

    with ThreadPoolExecutor(workers) as pool:
        pending: set[Future[Job]] = {pool.submit(do, job) for job in jobs}
        done = 0
        try:
            while pending:
                ended, pending = wait(pending, timeout=SILENCE, return_when=FIRST_COMPLETED)
                for future in ended:
                    done += 1
                    name = future.result().name
                    say(f"{name}: done in {time.monotonic() - began.pop(name):.0f} s ({done} of {len(jobs)})")
                if not ended:
                    say(f"{done} of {len(jobs)} done, working on: {', '.join(began)}")
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
