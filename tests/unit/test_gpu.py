"""The card, its driver and the lock that follows, from made-up sysroots."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.observe import gpu, nvml


def sysroot(
    root: Path, driver: str = "", *, card: bool = True, nodes: bool = True, library: str = "", nouveau: bool = False
) -> Path:
    device = root / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n" if card else "0x8086\n")
    (device / "class").write_text("0x030000\n")
    if driver:
        (root / "sys/module/nvidia").mkdir(parents=True)
        (root / "sys/module/nvidia/version").write_text(f"{driver}\n")
    if nouveau:
        (root / "sys/module/nouveau").mkdir(parents=True)
    for node in ("nvidiactl", "nvidia0") if nodes else ():
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev" / node).touch()
    if library:
        (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
        (root / f"usr/lib/x86_64-linux-gnu/libnvidia-ml.so.{library}").touch()
    return root


def never() -> nvml.Nvml:
    raise AssertionError("NVML is not to be asked when no driver is loaded")


GTX = nvml.Nvml(library="535.183.01", cuda="12.2", name="NVIDIA GeForce GTX 1650", memory=4294967296, capability="7.5")


@pytest.mark.parametrize(
    ("driver", "lock"),
    [
        ("470.256.02", "cpu"),
        ("524.99", "cpu"),
        ("525.60.13", "cu12"),
        ("535.183.01", "cu12"),
        ("579.1", "cu12"),
        ("580.65.06", "cu13"),
        ("610.1", "cu13"),
    ],
)
def test_the_driver_chooses_the_lock(tmp_path: Path, driver: str, lock: str) -> None:
    result = gpu.gpu(sysroot(tmp_path, driver), lambda: GTX, lambda: "")
    assert result.lock == lock
    assert driver in result.reason


def test_the_workstation(tmp_path: Path) -> None:
    result = gpu.gpu(sysroot(tmp_path, "535.183.01"), lambda: GTX, lambda: "")
    assert (result.present, result.driver, result.cuda, result.name, result.memory) == (
        True,
        "535.183.01",
        "12.2",
        "NVIDIA GeForce GTX 1650",
        4 << 30,
    )
    assert (result.fault, result.shadow) == ("", "")


def test_no_card_is_cpu_and_no_fault(tmp_path: Path) -> None:
    result = gpu.gpu(sysroot(tmp_path, card=False), never, lambda: "")
    assert (result.present, result.lock, result.reason, result.fault) == (False, "cpu", "there is no NVIDIA card", "")


def test_a_card_without_a_driver_is_cpu_with_a_fault(tmp_path: Path) -> None:
    result = gpu.gpu(sysroot(tmp_path), never, lambda: "")
    assert (result.present, result.lock) == (True, "cpu")
    assert "its driver is not loaded" in result.reason
    assert "dkms" in result.fix


def test_nouveau_is_named(tmp_path: Path) -> None:
    assert "nouveau" in gpu.gpu(sysroot(tmp_path, nouveau=True), never, lambda: "").fault


def test_an_unattended_upgrade_is_recognised(tmp_path: Path) -> None:
    result = gpu.gpu(
        sysroot(tmp_path, "535.183.01", library="535.216.03"),
        lambda: nvml.Nvml(18, "Driver/library version mismatch"),
        lambda: "",
    )
    assert result.fault.endswith("library 535.216.03, module 535.183.01")
    assert (result.fix, result.lock, result.cuda, result.library) == ("reboot", "cu12", "12.2", "535.216.03")


@pytest.mark.parametrize(
    ("code", "word"), [(9, "not loaded"), (12, "libnvidia-ml"), (15, "fallen off"), (999, "Unknown Error (NVML 999)")]
)
def test_every_error_of_nvml_has_words(tmp_path: Path, code: int, word: str) -> None:
    result = gpu.gpu(sysroot(tmp_path, "535.183.01"), lambda: nvml.Nvml(code, "Unknown Error"), lambda: "")
    assert word in result.fault
    assert result.fix


def test_missing_device_nodes_are_named(tmp_path: Path) -> None:
    result = gpu.gpu(sysroot(tmp_path, "535.183.01", nodes=False), lambda: GTX, lambda: "")
    assert result.fault == "there is no /dev/nvidiactl"
    assert "nvidia-modprobe" in result.fix


def test_nvml_without_a_driver_is_a_code_and_never_an_exception() -> None:
    result = nvml.read()
    assert result.code or result.library


class _Refusing:
    """A driver that supports nearly nothing, as GeForce does for some metrics."""

    class NVMLError(Exception):
        value = 3

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:  # noqa: N802
        return 12020

    def nvmlSystemGetDriverVersion(self) -> bytes:  # noqa: N802
        return b"535.183.01"

    def nvmlDeviceGetHandleByIndex(self, _index: int) -> object:  # noqa: N802
        return object()

    def nvmlDeviceGetMemoryInfo(self, _card: object) -> object:  # noqa: N802
        raise self.NVMLError

    def nvmlDeviceGetName(self, _card: object) -> str:  # noqa: N802
        return "NVIDIA GeForce GTX 1650"


def test_one_refused_question_does_not_spoil_the_others() -> None:
    assert nvml._query(_Refusing()) == nvml.Nvml(library="535.183.01", cuda="12.2", name="NVIDIA GeForce GTX 1650")
