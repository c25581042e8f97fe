"""Samples of the machine, the engine and the services. Blocking calls run outside the event loop."""

from __future__ import annotations

import asyncio
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

from backend.monitoring.cpu import Processor
from backend.monitoring.readiness import Readiness, overall
from backend.monitoring.schemas import Host, System, Worker
from backend.settings import Settings

CARD = Path("/dev/nvidiactl")
PACKAGES = ("fastapi", "starlette", "uvicorn", "pydantic", "psycopg", "redis", "httpx")


class Sampler:
    """Takes samples for GET /system and for the telemetry of one worker."""

    def __init__(self, settings: Settings, checks: Readiness) -> None:
        self.settings = settings
        self.checks = checks
        self._processor = Processor()
        self._began = time.monotonic()

    async def sample(self) -> System:
        """Take one sample. If a service hangs, it takes up to the settings' time limit."""
        answers, host = await asyncio.gather(self.checks.all(), asyncio.to_thread(host_now, self._processor))
        engine = self.checks.engine() if answers["engine"].state != "down" else {}
        gpu = engine.get("gpu") or await asyncio.to_thread(card_now)
        return System(
            at=time.time(),
            status=overall(answers),
            host=host,
            worker=self._worker(),
            gpu=gpu or None,
            engine=engine,
            services=answers,
        )

    def _worker(self) -> Worker:
        import psutil

        rss = psutil.Process().memory_info().rss
        return Worker(
            port=self.settings.port,
            worker=self.settings.worker,
            pid=os.getpid(),
            rss=rss,
            uptime_s=round(time.monotonic() - self._began, 1),
        )


def host_now(processor: Processor) -> Host:
    """Return the host's usage, as Linux reports it."""
    import psutil

    memory = psutil.virtual_memory()
    return Host(
        cpu_percent=processor.percent(),
        cores=os.cpu_count() or 1,
        load=os.getloadavg(),
        memory_total=memory.total,
        memory_available=memory.available,
        swap_used=psutil.swap_memory().used,
        uptime_s=round(time.time() - psutil.boot_time(), 1),
    )


def card_now() -> dict[str, Any]:
    """Return the GPU's usage from the driver; {} if this process sees no GPU, as in a unit without device access."""
    if not CARD.exists():
        return {}
    from omnimind_ops.observe import nvml

    return nvml.usage()


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, the kernel and the main packages."""
    import platform
    from importlib import metadata

    from omnimind_ops import __version__

    packages = {"omnimind": __version__, "python": platform.python_version(), "kernel": platform.release()}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return packages
