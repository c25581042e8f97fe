"""The NVIDIA card and its driver, checked in order: card, module, library, device nodes. nvcc is not needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omnimind_ops.model.facts import Gpu
from omnimind_ops.observe import nvml, text

NVIDIA = "0x10de"
DISPLAY = "0x03"
CU12, CU13 = 525, 580  # first driver branches that run CUDA 12 and CUDA 13
BRANCHES = {
    525: "12.0",
    530: "12.1",
    535: "12.2",
    545: "12.3",
    550: "12.4",
    555: "12.5",
    560: "12.6",
    565: "12.7",
    570: "12.8",
    575: "12.9",
    580: "13.0",
}
"""CUDA version of a driver branch (CUDA release notes, table of driver versions), if NVML does not answer."""


def gpu(
    sysroot: Path = Path("/"), query: Callable[[], nvml.Nvml] = nvml.read, shadow: Callable[[], str] = nvml.shadow
) -> Gpu:
    """Return the GPU's facts; `sysroot` contains sys/, proc/ and dev/."""
    present, driver = _cards(sysroot) > 0, _driver(sysroot)
    report = query() if driver else nvml.Nvml(9, "no driver is loaded")
    lock, reason = choose_lock(present or bool(driver), driver)
    fault, fix = _fault(sysroot, present, driver, report)
    return Gpu(
        present=present or bool(report.name),
        driver=driver,
        cuda=report.cuda or (BRANCHES.get(branch(driver), "") if driver else ""),
        name=report.name or _proc_name(sysroot),
        memory=report.memory,
        lock=lock,
        reason=reason,
        fault=fault,
        fix=fix,
        library=report.library or _library(sysroot),
        shadow=shadow(),
    )


def choose_lock(present: bool, driver: str) -> tuple[str, str]:
    """Return the requirement set that runs on this driver, and why. The driver decides, not the card."""
    if not present:
        return "cpu", "there is no NVIDIA card"
    if not driver:
        return "cpu", "there is an NVIDIA card, but its driver is not loaded"
    number = branch(driver)
    if number < CU12:
        return "cpu", f"driver {driver} is older than {CU12}, the first that runs CUDA 12"
    if number < CU13:
        return "cu12", f"driver {driver} runs CUDA 12, but not CUDA 13 (that needs {CU13})"
    return "cu13", f"driver {driver} runs CUDA 13"


def branch(driver: str) -> int:
    """Return 535 for "535.183.01", 0 for text without a number."""
    word = driver.partition(".")[0]
    return int(word) if word.isdigit() else 0


def _cards(sysroot: Path) -> int:
    """Count the NVIDIA display controllers on PCI (class 0x0300 VGA, 0x0302 3D)."""
    devices = (sysroot / "sys/bus/pci/devices").glob("*")
    return sum(text.read(d / "vendor") == NVIDIA and text.read(d / "class").startswith(DISPLAY) for d in devices)


def _driver(sysroot: Path) -> str:
    """Return the version of the loaded module; nouveau and a module that is only installed have none."""
    return text.read(sysroot / "sys/module/nvidia/version")


def _library(sysroot: Path) -> str:
    """Return the version in the name of the installed libnvidia-ml, "" when there is none."""
    versions = [
        path.name.partition(".so.")[2]
        for folder in ("usr/lib/*-linux-gnu", "usr/lib64")
        for path in sysroot.glob(f"{folder}/libnvidia-ml.so.*.*")
    ]
    return max(versions, default="", key=lambda version: [int(part) for part in version.split(".") if part.isdigit()])


def _proc_name(sysroot: Path) -> str:
    for file in sorted((sysroot / "proc/driver/nvidia/gpus").glob("*/information")):
        for line in text.read(file).splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return ""


def _fault(sysroot: Path, present: bool, driver: str, report: nvml.Nvml) -> tuple[str, str]:
    """Return the first broken link between the card and a program, and its fix; "" when none is found."""
    if not present and not driver:
        return "", ""
    if not driver and (sysroot / "sys/module/nouveau").exists():
        return (
            "the card is driven by nouveau, which has no CUDA",
            "install NVIDIA's driver (ubuntu-drivers install) and reboot",
        )
    if not driver:
        return (
            "the driver of the card is not loaded",
            "install it, or rebuild it for this kernel (dkms status; Secure Boot needs an enrolled key), "
            "then: modprobe nvidia",
        )
    if report.code:
        why, fix = nvml.FAULTS.get(
            report.code, (f"the driver does not answer: {report.error} (NVML {report.code})", "see `dmesg | grep NVRM`")
        )
        differ = f": library {_library(sysroot)}, module {driver}" if report.code == 18 else ""
        return why + differ, fix
    missing = [node for node in ("dev/nvidiactl", "dev/nvidia0") if not (sysroot / node).exists()]
    if missing:
        return f"there is no /{missing[0]}", "create the device nodes: nvidia-modprobe -c 0 -u"
    return "", ""
