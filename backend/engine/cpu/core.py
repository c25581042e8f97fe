"""OpenVINO's Core: one for the process, kept to its end."""

from __future__ import annotations

from functools import cache

import openvino as ov


@cache
def core() -> ov.Core:
    """Return it.

    Never dropped: its CPU plugin gives the thread that loads it a signal stack of its own (sigaltstack) and unmaps that
    in whichever thread drops the last Core. The next signal that the first thread then gets, a Ctrl-C, ends the process
    with SIGSEGV.
    """
    return ov.Core()
