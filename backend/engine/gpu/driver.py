"""Direct queries to the NVIDIA driver, without torch.

Every call may hang if the driver hangs, so use it only in a child process (gate.py starts it).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

from backend.engine.gpu.errors import Fault, explain

_MODULE = Path("/sys/module/nvidia/version")


@dataclass(frozen=True)
class Driver:
    """`version` is the kernel module's ("" if not loaded), `cuda` the newest CUDA of the library, as (12, 2).

    `cards` is the number of GPUs it reports.
    """

    version: str
    cuda: tuple[int, int]
    cards: int


def ask() -> Driver | Fault:
    """Return the result of cuInit, cuDriverGetVersion and cuDeviceGetCount, or the fault."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return Fault(
            None,
            str(error),
            "the NVIDIA driver is not installed on this machine",
            "install it, or set the packages to cpu (`omnimind converge`)",
        )
    code = library.cuInit(0)
    if code:
        return explain(code, _text(library, code))
    count, number = ctypes.c_int(), ctypes.c_int()
    for function, cell in ((library.cuDriverGetVersion, number), (library.cuDeviceGetCount, count)):
        code = function(ctypes.byref(cell))
        if code:
            return explain(code, _text(library, code))
    if not count.value:
        return explain(100)
    return Driver(version(), (number.value // 1000, number.value % 1000 // 10), count.value)


def version() -> str:
    """Return the version of the loaded kernel module, "" if none is loaded."""
    try:
        return _MODULE.read_text().strip()
    except OSError:
        return ""


def _text(library: ctypes.CDLL, code: int) -> str:
    message = ctypes.c_char_p()
    try:
        library.cuGetErrorString(code, ctypes.byref(message))
    except AttributeError:
        return ""
    return (message.value or b"").decode(errors="replace")
