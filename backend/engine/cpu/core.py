"""OpenVINO's Core: one per process, kept until its end."""

from __future__ import annotations

from functools import cache

import openvino as ov


@cache
def core() -> ov.Core:
    """Return the Core, which is never dropped.

    Its CPU plugin gives the thread that loads it a signal stack (sigaltstack), and unmaps that in the thread that drops
    the last Core. The next signal to the first thread, such as Ctrl-C, would then end the process with SIGSEGV.
    """
    return ov.Core()
