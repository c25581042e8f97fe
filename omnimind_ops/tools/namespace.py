"""A container's network, entered by a thread of this process. It needs root and no program in the container."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
REQUEST = "16sH14x"  # struct ifreq: name, flags

Value = TypeVar("Value")


def has_own_network(pid: int) -> bool:
    """Return whether a process is in another network than this one."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino != os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116
    except OSError:
        return False


def in_network_of(pid: int, work: Callable[[], Value]) -> Value:
    """Run `work` in the network of a process; raise OSError when it cannot be entered. Threads that `work` starts are
    there, too.
    """

    def entered() -> Value:
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(handle, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter the network of process {pid}")
        finally:
            os.close(handle)
        return work()

    with ThreadPoolExecutor(1, "network") as pool:  # the thread ends with the block: it never leaves that network
        return pool.submit(entered).result()


def interfaces_up() -> tuple[str, ...]:
    """Return the network interfaces of this thread's network that are up, without the loopback."""
    names = [line.partition(":")[0].strip() for line in _table("dev").splitlines()[2:]]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        return tuple(name for name in names if name != "lo" and _flags(link, name) & IFF_UP)


def take_down(names: tuple[str, ...]) -> None:
    """Take interfaces of this thread's network down: nobody else reaches it any more. Their routes are lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        for name in names:
            request = struct.pack(REQUEST, name.encode(), _flags(link, name) & ~IFF_UP)
            fcntl.ioctl(link, SIOCSIFFLAGS, request)


def _flags(link: socket.socket, name: str) -> int:
    reply = fcntl.ioctl(link, SIOCGIFFLAGS, struct.pack(REQUEST, name.encode(), 0))
    return int(struct.unpack(REQUEST, reply)[1])


def _table(name: str) -> str:
    return Path(f"/proc/thread-self/net/{name}").read_text(encoding="ascii", errors="replace")
