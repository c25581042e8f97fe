"""Block one thread of another process, like a call that never returns: `python -m benchmarks.faults.block PID SECONDS`.

The main thread of a worker runs its event loop. ptrace stops that thread alone: the process lives, its other threads
run, and its pid and sockets exist. A supervisor that only watches processes cannot detect this.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Iterator
from subprocess import PIPE, Popen

_SEIZE, _INTERRUPT, _DETACH, _WALL = 0x4206, 0x4207, 17, 0x40000000


@contextlib.contextmanager
def blocked(pid: int, seconds: float) -> Iterator[None]:
    """Block a process's main thread for the block, at most `seconds`.

    Raises PermissionError if ptrace is not allowed.
    """
    process = Popen((sys.executable, "-m", "benchmarks.faults.block", str(pid), str(seconds)), stdout=PIPE, text=True)
    assert process.stdout
    try:
        status = process.stdout.readline().strip()
        if status != "blocked":
            raise PermissionError(f"cannot block {pid}: {status}")
        yield
    finally:
        process.kill()  # the kernel then resumes the thread
        process.wait()
        process.stdout.close()


def main(pid: int, seconds: float) -> None:
    """Seize the thread, stop it, and wait."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    for request in (_SEIZE, _INTERRUPT):
        if libc.ptrace(request, pid, None, None) != 0:
            print(os.strerror(ctypes.get_errno()), flush=True)
            return
    os.waitpid(pid, _WALL)
    print("blocked", flush=True)
    end = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):  # the process has ended
        while time.monotonic() < end:
            os.waitpid(pid, _WALL | os.WNOHANG)
            time.sleep(0.05)
        libc.ptrace(_DETACH, pid, None, None)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
