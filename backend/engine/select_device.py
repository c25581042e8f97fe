"""Selection of the device: the GPU if one is expected and works, otherwise the CPU, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from backend.engine.device import Device
from backend.engine.folder import Folder
from backend.engine.runner import Proof, Runner
from backend.engine.settings import Settings
from omnimind_ops.model.problem import Problem


def select(settings: Settings, folder: Folder) -> Device:
    """Return the device with the loaded model.

    If the GPU does not work, or not in time, the CPU takes over and the reason is kept.
    """
    if not settings.expects_gpu:
        return Device(_cpu(settings, folder), "cpu", "the packages for the CPU are installed")
    try:
        gpu = _gpu(settings, folder)
        if not isinstance(gpu, str):
            runner, prove, reason = gpu
            return Device(runner, "cuda", reason, prove)
        reason = gpu
    except Problem as problem:
        reason = f"{problem.why}; {problem.fix}"
    except ImportError as error:
        reason = f"the packages for the GPU cannot be imported: {error}"
    return Device(_cpu(settings, folder), "cuda", f"gpu expected but running on cpu: {reason}")


def _cpu(settings: Settings, folder: Folder) -> Runner:
    from backend.engine.cpu import runner

    return runner.load(folder, settings.options)


def _gpu(settings: Settings, folder: Folder) -> tuple[Runner, Callable[[], Proof], str] | str:
    """Return runner, self-test and reason; only the reason if the probe, in a separate process, failed."""
    from backend.engine.gpu import gate

    probe = gate.ask()
    if not probe.ok:
        return probe.reason
    from backend.engine.gpu import select_encoder
    from backend.engine.gpu.proof import prove

    runner = select_encoder.load(folder, settings.options, probe.device, half=probe.fp16_ok is not False)
    return runner, partial(prove, probe.device), f"{probe.reason}; {runner.encoder_reason}"
