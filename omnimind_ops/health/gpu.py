"""GPU row of the report: the device that the engine has proven, and the driver's data about the card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.model.health import Gpu
from omnimind_ops.model.json import JSON


def read(engine: Mapping[str, JSON], sysroot: Path = Path("/")) -> Gpu | None:
    """Return the row from the engine's facts (health/programs.py) and NVML; None when no GPU is expected and none is
    present.
    """
    there = (sysroot / "dev/nvidiactl").exists()
    expected = engine.get("expected") == "cuda"
    if not there and not expected:
        return None
    card = _card() if there else {}
    used = engine.get("device") == "cuda"
    proof = engine.get("proof")
    detail = proof.get("detail") if isinstance(proof, Mapping) and not proof.get("ok") else None
    return Gpu(
        expected=expected,
        used=used,
        said=str(detail or engine.get("reason") or ("" if engine else "the engine does not answer")),
        driver=_text(sysroot / "sys/module/nvidia/version"),
        uvm=(sysroot / "dev/nvidia-uvm").exists(),
        suspends=int(_text(sysroot / "sys/power/suspend_stats/success") or 0),
        **card,
    )


def _card() -> dict[str, Any]:
    from omnimind_ops.observe import nvml

    return nvml.usage()


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
