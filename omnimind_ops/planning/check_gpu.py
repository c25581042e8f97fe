"""Checks cuda and gpu-containers. Pure.

Which wheels the driver can run, and which containers daemon-reload would disturb.
"""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.model.facts import Gpu
from omnimind_ops.planning.check import Check, State

ORDER = ("cpu", "cu12", "cu13")
SYMLINKS = "nvidia-ctk system create-dev-char-symlinks --create-all"


def cuda(gpu: Gpu, lock: str) -> Check:
    """Fail only for a lock that the driver cannot run; without a GPU the migration continues in CPU mode."""
    chosen = lock or gpu.lock
    driver = f"driver {gpu.driver}" + (f" (CUDA {gpu.cuda})" if gpu.cuda else "")
    if lock and ORDER.index(lock) > ORDER.index(gpu.lock):
        return Check(
            "cuda",
            State.FAIL,
            f"lock {lock} is asked for, but {gpu.reason}",
            f"leave the lock out: {gpu.lock} fits this host",
        )
    if not gpu.present and not gpu.driver:
        return Check("cuda", State.OK, "no NVIDIA GPU → the migration goes on in CPU mode")
    name = f"{gpu.name}, " if gpu.name else ""
    if gpu.fault:
        found = f"{name}{driver if gpu.driver else 'no driver'} → lock {chosen}; not usable now: {gpu.fault}"
        return Check("cuda", State.WARN, found, gpu.fix)
    if gpu.shadow:
        found = f"{name}{driver} → lock {chosen}; the deprecated package pynvml {gpu.shadow} hides nvidia-ml-py"
        return Check("cuda", State.WARN, found, "pip uninstall pynvml")
    if chosen == "cpu":
        why = "as asked" if lock else gpu.reason
        return Check(
            "cuda",
            State.OK if lock else State.WARN,
            f"{name}{driver} → CPU mode: {why}",
            "" if lock else "install a driver of branch 525 or newer",
        )
    return Check("cuda", State.OK, f"{name}{driver} → lock {chosen}")


def gpu_containers(names: Sequence[str]) -> Check:
    """Warn of containers that use a GPU: systemctl daemon-reload makes them lose it (nvidia-container-toolkit#1227)."""
    if not names:
        return Check("gpu-containers", State.OK, "no running container uses a GPU")
    found = f"{', '.join(names)} will lose the GPU when systemd reloads its units, until recreated"
    return Check(
        "gpu-containers", State.WARN, found, f"before: {SYMLINKS}; or after: docker compose up -d --force-recreate"
    )
