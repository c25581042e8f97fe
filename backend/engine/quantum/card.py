"""The GPU that Aer would use and its free memory, from NVML. The child's CUDA would take VRAM to tell it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnimind_ops.observe import nvml


@dataclass(frozen=True)
class Card:
    """One GPU. `name` is "" if there is none, with the reason in `reason`.

    `free` is the free VRAM in bytes, None if the driver does not report it.
    """

    name: str = ""
    free: int | None = None
    total: int | None = None
    reason: str = ""


def read(environment: Mapping[str, str] = os.environ) -> Card:
    """Return the first GPU that CUDA_VISIBLE_DEVICES leaves visible. Never raises."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not visible.strip():
        return Card(reason="CUDA_VISIBLE_DEVICES is empty: the CPU was chosen on purpose")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the deprecated dist `pynvml` warns on import
            import pynvml
    except ImportError:
        return Card(reason="nvidia-ml-py is not installed")
    library: Any = pynvml
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        fault = nvml.FAULTS.get(int(error.value))
        return Card(reason=f"{fault[0]}; {fault[1]}" if fault else str(error))
    try:
        return _ask(library, (visible or "0").split(",")[0].strip())
    except (library.NVMLError, ValueError) as error:
        return Card(reason=str(error))
    finally:
        library.nvmlShutdown()


def _ask(library: Any, which: str) -> Card:
    handle = (
        library.nvmlDeviceGetHandleByUUID(which)
        if which.startswith("GPU-")
        else library.nvmlDeviceGetHandleByIndex(int(which))
    )
    name = library.nvmlDeviceGetName(handle)
    text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
    try:
        memory = library.nvmlDeviceGetMemoryInfo(handle)
    except library.NVMLError:
        return Card(text)
    return Card(text, int(memory.free), int(memory.total))
