"""A signal after a model was dropped:

OpenVINO's plugin must not have taken the signal stack of the thread that loaded it away.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import faulthandler, os, signal, sys, threading
import numpy as np, openvino as ov
from pathlib import Path
from backend.engine.cpu.core import core
faulthandler.enable()
ids = ov.opset13.parameter([1, 4], np.float32)
def compiled(): return core().compile_model(ov.Model([ov.opset13.relu(ids)], [ids]), "CPU")
held = [compiled()]
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_is_heard_after_a_model_was_dropped_in_another_thread() -> None:
    result = subprocess.run(
        (sys.executable, "-c", SCRIPT), capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3]
    )
    assert result.stdout.strip() == "heard", f"{result.returncode} {result.stderr}"
