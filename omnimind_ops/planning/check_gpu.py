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
    selected = lock or gpu.lock
    driver = f"driver {gpu.driver}" + (f" (CUDA {gpu.cuda})" if gpu.cuda else "")
    if lock and ORDER.index(lock) > ORDER.index(gpu.lock):
        return Check(
            "cuda",
            State.FAIL,
            f"lock {lock} was requested, but {gpu.reason}",
            f"remove the lock setting: {gpu.lock} fits this host",
        )
    if not gpu.present and not gpu.driver:
        return Check("cuda", State.OK, "no NVIDIA GPU → CPU mode")
    name = f"{gpu.name}, " if gpu.name else ""
    if gpu.fault:
        message = f"{name}{driver if gpu.driver else 'no driver'} → lock {selected}; currently unusable: {gpu.fault}"
        return Check("cuda", State.WARN, message, gpu.fix)
    if gpu.shadow:
        message = f"{name}{driver} → lock {selected}; the deprecated package pynvml {gpu.shadow} hides nvidia-ml-py"
        return Check("cuda", State.WARN, message, "pip uninstall pynvml")
    if selected == "cpu":
        why = "as configured" if lock else gpu.reason
        return Check(
            "cuda",
            State.OK if lock else State.WARN,
            f"{name}{driver} → CPU mode: {why}",
            "" if lock else "install NVIDIA driver 525 or newer",
        )
    return Check("cuda", State.OK, f"{name}{driver} → lock {selected}")


def gpu_containers(names: Sequence[str]) -> Check:
    """Warn of containers that use a GPU: systemctl daemon-reload makes them lose it (nvidia-container-toolkit#1227)."""
    if not names:
        return Check("gpu-containers", State.OK, "no running container uses a GPU")
    message = f"{', '.join(names)} will lose the GPU when systemd reloads its units, until they are recreated"
    return Check(
        "gpu-containers",
        State.WARN,
        message,
        f"run before: {SYMLINKS}; or after: docker compose up -d --force-recreate",
    )
