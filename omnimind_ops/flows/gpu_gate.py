"""The GPU check before the engine starts: should it use a GPU, and can a process use it?

It always returns an answer: without a card the engine runs on the CPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from omnimind_ops.model import native
from omnimind_ops.model.facts import Gpu
from omnimind_ops.model.world import World
from omnimind_ops.observe.gpu import gpu
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run

SECONDS = 30.0
"""Maximum wait for device nodes to appear."""
PAUSE = 0.2
NODES = ("dev/nvidiactl", "dev/nvidia0", "dev/nvidia-uvm")
CUDA = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_MODULE_LOADING": "LAZY"}


@dataclass(frozen=True)
class Gate:
    """The device that the engine should use, the reason, and its environment.

    The engine's own test kernel shows whether the device works.
    """

    device: str  # cuda or cpu
    why: str
    environment: Mapping[str, str] = field(default_factory=dict)


def gate(
    world: World,
    lock: str,
    environment: Mapping[str, str],
    *,
    read_gpu: Callable[[], Gpu] = gpu,
    root: Path = Path("/"),
    seconds: float = SECONDS,
) -> Gate:
    """Return the answer within `seconds`. `lock` is the setting (cpu, cu12, cu13), "" to detect it."""
    if lock == "cpu":
        return _cpu('set in the settings (lock = "cpu")')
    if environment.get("CUDA_VISIBLE_DEVICES") == "":
        return _cpu("CUDA_VISIBLE_DEVICES is empty, which hides all GPUs")
    gpu_facts = read_gpu()
    if gpu_facts.lock == "cpu":
        return _cpu(gpu_facts.reason)
    if not world.native and (why := _without_cuda()):
        return _cpu(f"{gpu_facts.name or 'an NVIDIA GPU is present'}, but {why}")
    missing = _nodes(world, root, seconds)
    chosen = lock or gpu_facts.lock
    engine_environment = {
        "OMNIMIND_LOCK": chosen,
        **CUDA,
        **{key: environment[key] for key in ("CUDA_VISIBLE_DEVICES",) if key in environment},
    }
    if missing:  # still cuda: the engine starts on the CPU, and health reports that as degraded
        fault = f"/{missing[0]} is missing; the engine runs on the CPU until you run `nvidia-modprobe -u -c 0`"
        return Gate("cuda", f"{gpu_facts.reason}, but {fault}", engine_environment)
    if gpu_facts.fault:
        return Gate("cuda", f"{gpu_facts.reason}, but {gpu_facts.fault}: {gpu_facts.fix}", engine_environment)
    return Gate("cuda", f"{gpu_facts.name}: {gpu_facts.reason}", engine_environment)


def _cpu(why: str) -> Gate:
    return Gate("cpu", why, {"OMNIMIND_LOCK": "cpu"})


def _without_cuda() -> str:
    """Return why this Python cannot use a card, "" when it can. Nothing is imported: torch takes seconds."""
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return "torch is not installed"
    return f"torch {version} is built for the CPU" if "+cpu" in version else ""


def _nodes(world: World, root: Path, seconds: float) -> tuple[str, ...]:
    """Create the device nodes and wait for them; return those that are still missing."""
    if missing := _missing(root):
        if world.native and native.GPU_READY in world.units:
            run(systemctl.restart((native.GPU_READY,)), timeout=seconds, check=False)
        else:
            run(
                ("nvidia-modprobe", "-u", "-c", "0"), timeout=seconds, check=False
            )  # setuid root where the driver is installed
        end = time.monotonic() + seconds
        while (missing := _missing(root)) and time.monotonic() < end:
            time.sleep(PAUSE)
    return missing


def _missing(root: Path) -> tuple[str, ...]:
    return tuple(node for node in NODES if not (root / node).exists())
