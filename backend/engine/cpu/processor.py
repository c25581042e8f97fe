"""What this processor is good at: how many cores we may use, and whether it multiplies bf16 by itself."""

from __future__ import annotations

import os
from pathlib import Path

_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # the last is what aarch64 calls it


def cores() -> int:
    """Return how many this process may run on."""
    return len(os.sched_getaffinity(0))


def has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tell whether bf16 is done in hardware; emulated it would be slower than f32."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return False
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return bool(_BF16 & set(value.split()))
    return False
