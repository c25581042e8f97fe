"""The check before the engine uses the GPU: a child process tries it, within a time limit. Does not import torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace

from backend.engine.gpu.errors import Fault

SECONDS = 60.0
"""Importing torch with CUDA from a cold disk takes half of this."""
_CHILD = (sys.executable, "-P", "-m", "backend.engine.gpu.probe")
_HANGS = "look for Xid or hung-task lines in `dmesg`; a reboot clears a driver that hangs"


@dataclass(frozen=True)
class Probe:
    """The child's findings.

    `driver` is the kernel module's version; `driver_cuda` and `torch_cuda` are the CUDA versions of driver and torch;
    memory is in bytes.

    `fp16_ok` is None if it could not be tried; False means that half precision must not be used. `error` is the reason
    if `ok` is False or the half-precision test failed to run.
    """

    ok: bool
    device: str = "cpu"
    name: str = ""
    capability: str = ""
    driver: str = ""
    driver_cuda: str = ""
    vram_total: int = 0
    vram_free: int = 0
    torch: str = ""
    torch_cuda: str = ""
    fp16_ok: bool | None = None
    seconds: float = 0.0
    error: Fault | None = None

    @property
    def reason(self) -> str:
        """Return one line for a health report: why the GPU is used or not."""
        return f"{self.name} works" if self.ok else str(self.error or "the GPU does not work")


def ask(seconds: float = SECONDS, command: Sequence[str] = _CHILD) -> Probe:
    """Return whether the GPU works, within about `seconds`, whatever the driver does.

    `command` is the child, whose last line of output is a Probe as JSON.
    """
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        stdout, stderr = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return _hung(child, seconds)
    return _read(stdout.decode(errors="replace"), stderr.decode(errors="replace"), child.returncode)


def _hung(child: subprocess.Popen[bytes], seconds: float) -> Probe:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    text = f"the probe did not end within {seconds:g} s"
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:  # it waits inside the kernel, where no signal reaches it: leave it there
        text += ", and cannot be killed: it waits inside the driver"
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()
    return Probe(False, seconds=seconds, error=Fault(None, text, "the GPU's driver hangs", _HANGS))


def _read(stdout: str, stderr: str, code: int) -> Probe:
    try:
        document = json.loads(stdout.strip().splitlines()[-1])
        error = document.get("error")
        probe = Probe(**{field.name: document[field.name] for field in fields(Probe) if field.name in document})
        return replace(probe, error=Fault(**error) if error else None)
    except (IndexError, ValueError, TypeError, AttributeError):
        last = stderr.strip().splitlines()[-1] if stderr.strip() else "no message"
        died = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return Probe(False, error=Fault(None, last, f"the probe {died}; its last line: {last}", _HANGS))
