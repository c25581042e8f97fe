"""Values from NVML, the driver's own library.

Each query is guarded on its own, because some are NOT_SUPPORTED on GeForce.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, TypeVar

T = TypeVar("T")
FAULTS = {
    9: ("the driver's kernel module is not loaded", "load it: modprobe nvidia"),
    12: ("libnvidia-ml.so.1 is not installed", "install the libraries of the driver's version (libnvidia-compute-…)"),
    15: ("the card has fallen off the bus", "reboot; see `dmesg | grep Xid`"),
    18: ("the versions of the driver's library and kernel module differ (after an unattended upgrade)", "reboot"),
}


@dataclass(frozen=True)
class Nvml:
    """Values from NVML. `code` is NVML's error code when it failed to start, 0 when it started."""

    code: int = 0
    error: str = ""
    library: str = ""  # "535.183.01"
    cuda: str = ""  # "12.2"
    name: str = ""
    memory: int = 0  # bytes
    capability: str = ""  # "7.5"


def read() -> Nvml:
    """Query the first card; never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the deprecated dist `pynvml` warns on import; `shadow` finds it
            import pynvml
    except ImportError as error:
        return Nvml(12, str(error))
    nvml: Any = pynvml
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return Nvml(int(error.value), str(error))
    try:
        return _query(nvml)
    finally:
        _quietly(nvml, nvml.nvmlShutdown)


def usage() -> dict[str, Any]:
    """Return the first card's current values; {} when NVML does not start.

    The keys are name, utilisation (percent), memory and memory_total (bytes), temperature (Celsius) and library. Values
    that NVML does not report are left out.
    """
    try:
        import pynvml
    except ImportError:
        return {}
    nvml: Any = pynvml
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {}
    try:
        card = _quietly(nvml, lambda: nvml.nvmlDeviceGetHandleByIndex(0))
        memory = card and _quietly(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(card))
        values = {
            "name": card and _text(_quietly(nvml, lambda: nvml.nvmlDeviceGetName(card))),
            "utilisation": card and _quietly(nvml, lambda: int(nvml.nvmlDeviceGetUtilizationRates(card).gpu)),
            "memory": memory and int(memory.used),
            "memory_total": memory and int(memory.total),
            "temperature": card
            and _quietly(nvml, lambda: int(nvml.nvmlDeviceGetTemperature(card, nvml.NVML_TEMPERATURE_GPU))),
            "library": _text(_quietly(nvml, nvml.nvmlSystemGetDriverVersion)),
        }
        return {key: value for key, value in values.items() if value not in (None, "")}
    finally:
        _quietly(nvml, nvml.nvmlShutdown)


def _query(nvml: Any) -> Nvml:
    number = _quietly(nvml, lambda: int(nvml.nvmlSystemGetCudaDriverVersion_v2())) or 0
    card = _quietly(nvml, lambda: nvml.nvmlDeviceGetHandleByIndex(0))
    memory = card and _quietly(nvml, lambda: int(nvml.nvmlDeviceGetMemoryInfo(card).total))
    capability = card and _quietly(nvml, lambda: "{}.{}".format(*nvml.nvmlDeviceGetCudaComputeCapability(card)))
    return Nvml(
        library=_text(_quietly(nvml, nvml.nvmlSystemGetDriverVersion)),
        cuda=f"{number // 1000}.{number % 1000 // 10}" if number else "",
        name=_text(card and _quietly(nvml, lambda: nvml.nvmlDeviceGetName(card))),
        memory=memory or 0,
        capability=capability or "",
    )


def _quietly(nvml: Any, query: Callable[[], T]) -> T | None:
    try:
        return query()
    except (nvml.NVMLError, AttributeError):
        return None


def _text(value: object) -> str:
    """Return text; older bindings return bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def shadow() -> str:
    """Return the version of the dist `pynvml`, "" when absent.

    Installed beside nvidia-ml-py it silently wins the import.
    """
    try:
        return metadata.version("pynvml")
    except metadata.PackageNotFoundError:
        return ""
