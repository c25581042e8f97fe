"""CPU capabilities: the number of usable cores, and hardware support for bf16."""

from __future__ import annotations

import os
from pathlib import Path

_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # the last one is aarch64's name


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the CPU supports bf16 in hardware; emulated bf16 is slower than f32."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return False
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return bool(_BF16 & set(value.split()))
    return False
