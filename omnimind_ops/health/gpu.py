"""GPU row of the report: the device that the engine has proven, and the driver's data about the card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.model.health import Gpu
from omnimind_ops.model.json import JSON


def read(engine: Mapping[str, JSON], sysroot: Path = Path("/")) -> Gpu | None:
    """Return the row from the engine's facts (health/probes/engine.py) and NVML; None when no GPU is expected and none is
    present.
    """
    is_present = (sysroot / "dev/nvidiactl").exists()
    is_expected = engine.get("expected") == "cuda"
    if not is_present and not is_expected:
        return None
    return Gpu(
        expected=is_expected,
        used=engine.get("device") == "cuda",
        said=str(engine.get("reason") or "") if engine else "the engine does not answer",
        driver=_text(sysroot / "sys/module/nvidia/version"),
        uvm=(sysroot / "dev/nvidia-uvm").exists(),
        suspends=int(_text(sysroot / "sys/power/suspend_stats/success") or 0),
        **(_card() if is_present else {}),
    )


def _card() -> dict[str, Any]:
    from omnimind_ops.observe import nvml

    return nvml.usage()


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
