"""Meaning of CUDA's error codes, with the next step for the user. Does not import torch."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Why the GPU cannot be used.

    CUDA's code (None if the error is not from CUDA), its message, the meaning, and what to do.
    """

    code: int | None
    text: str
    meaning: str
    fix: str

    def __str__(self) -> str:
        """Return one line for a health report."""
        return f"{self.meaning}{f' (CUDA error {self.code})' if self.code is not None else ''}: {self.fix}"


@dataclass(frozen=True)
class CudaError:
    """One code. `phrase` is part of CUDA's or torch's message for it, in lower case; "|" separates several."""

    phrase: str
    meaning: str
    fix: str


_RESTART = "restart the engine (systemctl restart omnimind-engine); if it comes back, look for Xid lines in `dmesg`"
CUDA_ERRORS: dict[int, CudaError] = {
    2: CudaError(
        "out of memory",
        "the card's memory is full",
        "see `nvidia-smi` for the process that uses it, or lower OMNIMIND_BATCH_TOKENS",
    ),
    3: CudaError("initialization error", "the driver did not initialise in this process", _RESTART),
    34: CudaError(
        "stub library",
        "a stub of libcuda was loaded, not the driver",
        "take CUDA's lib64/stubs folder out of LD_LIBRARY_PATH",
    ),
    35: CudaError(
        "driver is too old|driver version is insufficient|driver on your system is too old",
        "the driver is older than the CUDA that this torch was built for",
        "run `omnimind converge`, which picks packages for this driver (525 and up: cu12; 580 and up: cu13), "
        "or upgrade the driver",
    ),
    46: CudaError(
        "busy or unavailable",
        "another process uses the card exclusively",
        "end that process (see `nvidia-smi`), or set the compute mode to Default",
    ),
    100: CudaError(
        "no cuda-capable device|no cuda gpus are available",
        "the driver finds no card",
        "check `nvidia-smi`, the nodes /dev/nvidia*, and CUDA_VISIBLE_DEVICES",
    ),
    101: CudaError(
        "invalid device ordinal",
        "there is no card with this number",
        "correct CUDA_VISIBLE_DEVICES: use the GPU-… name that `nvidia-smi -L` prints",
    ),
    200: CudaError(
        "device kernel image is invalid",
        "the driver cannot load the kernels of this torch",
        "run `omnimind converge` to install the packages for this driver again",
    ),
    209: CudaError(
        "no kernel image",
        "this torch has no kernels for this card",
        "run `omnimind converge`, which picks packages for this card and driver",
    ),
    222: CudaError(
        "unsupported toolchain",
        "the kernels of this torch need a newer driver",
        "run `omnimind converge`, which picks packages for this driver, or upgrade the driver",
    ),
    304: CudaError(
        "os call failed",
        "the driver is not allowed to open its device files",
        "load nvidia_uvm (modprobe nvidia_uvm; nvidia-modprobe -u -c 0), then restart the engine, which cannot open "
        "device nodes created after its start",
    ),
    700: CudaError(
        "illegal memory access",
        "a kernel accessed invalid memory; this process can no longer use the card",
        _RESTART,
    ),
    719: CudaError("launch failure", "a kernel crashed; this process can no longer use the card", _RESTART),
    800: CudaError(
        "operation not permitted",
        "the driver refused the operation",
        "check the unit's DeviceAllow list: `systemctl cat omnimind-engine`",
    ),
    802: CudaError(
        "not yet initialized",
        "the card is not ready yet",
        "wait for nvidia-fabricmanager or nvidia-persistenced to start, then restart the engine",
    ),
    803: CudaError(
        "unsupported display driver|driver mismatch",
        "the versions of the driver's library and kernel module differ, as after an upgrade",
        "reboot, or unload and load the nvidia modules",
    ),
    804: CudaError(
        "forward compatibility was attempted",
        "a CUDA compatibility library is loaded that this card does not support",
        "remove cuda-compat, or take its folder out of LD_LIBRARY_PATH",
    ),
    999: CudaError(
        "unknown error",
        "the driver reported an unknown error; most often nvidia_uvm is not loaded, or was lost during a suspend",
        "stop the engine, `rmmod nvidia_uvm; modprobe nvidia_uvm`, start it again; otherwise reboot",
    ),
}

_NUMBERED = re.compile(r"\berror (\d{1,4}):")
_PACKAGES = "run `omnimind converge`, which picks packages for this driver"
_WITHOUT_CODE = {
    "not compiled with cuda": ("this torch was built without CUDA", _PACKAGES),
    "found no nvidia driver": (
        "the NVIDIA driver is not installed or not loaded",
        "load it (modprobe nvidia), or install it",
    ),
    "device-side assert": ("a kernel's assertion failed; this process can no longer use the card", _RESTART),
}


def explain(code: int, text: str = "") -> Fault:
    """Return the meaning of a code, including unknown ones."""
    entry = CUDA_ERRORS.get(code)
    if entry is None:
        return Fault(code, text, "CUDA refused", f"look the code up in cuda.h; {_RESTART}")
    return Fault(code, text or entry.phrase.partition("|")[0], entry.meaning, entry.fix)


def recognise(text: str) -> Fault:
    """Return the meaning of an exception's text. An unknown text is quoted."""
    low = text.lower()
    numbered = _NUMBERED.search(low)
    if numbered:
        return explain(int(numbered[1]), text.strip().splitlines()[0])
    for code, entry in CUDA_ERRORS.items():
        if any(phrase in low for phrase in entry.phrase.split("|")):
            return explain(code, text.strip().splitlines()[0])
    first = text.strip().splitlines()[0] if text.strip() else "no message"
    for phrase, (meaning, fix) in _WITHOUT_CODE.items():
        if phrase in low:
            return Fault(None, first, meaning, fix)
    return Fault(None, first, f"torch says: {first}", _RESTART)


def missing(what: str, error: str) -> Fault:
    """Return the fault of a missing package."""
    return Fault(None, error, f"the package {what} cannot be imported", _PACKAGES)
