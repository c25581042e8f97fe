"""Ask the NVIDIA driver itself, without torch.

Every call may hang when the driver does: only for a child process (gate.py starts it).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

from backend.engine.gpu.errors import Fault, explain

_MODULE = Path("/sys/module/nvidia/version")


@dataclass(frozen=True)
class Driver:
    """`version` of the kernel module ("" when not loaded), `cuda` the newest CUDA that the library runs, as (12, 2),
    and how many cards it shows.
    """

    version: str
    cuda: tuple[int, int]
    cards: int


def ask() -> Driver | Fault:
    """Return what the driver says to cuInit, cuDriverGetVersion and cuDeviceGetCount, or why it does not."""
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
    """Return the loaded kernel module's version, "" when none is loaded."""
    try:
        return _MODULE.read_text().strip()
    except OSError:
        return ""


def _text(library: ctypes.CDLL, code: int) -> str:
    words = ctypes.c_char_p()
    try:
        library.cuGetErrorString(code, ctypes.byref(words))
    except AttributeError:
        return ""
    return (words.value or b"").decode(errors="replace")
