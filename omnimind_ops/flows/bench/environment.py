"""The measured machine: processor, memory, GPU, versions, governor, load.

It tells results of different machines apart.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from omnimind_ops import __version__
from omnimind_ops.model.json import JSON
from omnimind_ops.observe import text
from omnimind_ops.observe.gpu import gpu


def environment(root: Path = Path("/")) -> dict[str, JSON]:
    """Return the current environment; the server fills in `versions`, the packages that do the work."""
    gpu_facts = gpu(root)
    return {
        "machine": _machine(root),
        "cpu": _cpu(root),
        "cores": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": gpu_facts.name,
        "driver": gpu_facts.driver,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "omnimind": __version__,
        "governor": text.read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "load": [round(value, 2) for value in os.getloadavg()],
        "versions": {},
    }


def _machine(root: Path) -> str:
    """Return a digest of the machine ID: the ID itself must not be published (machine-id(5))."""
    machine_id = text.read(root / "etc/machine-id")
    return hashlib.sha256(f"omnimind.bench {machine_id}".encode()).hexdigest()[:16] if machine_id else ""


def _cpu(root: Path) -> str:
    for line in text.read(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()
