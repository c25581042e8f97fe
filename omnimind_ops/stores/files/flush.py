"""Have written files go to the disk while the next ones are copied, so that the wait at the end is short."""

from __future__ import annotations

import ctypes
import os
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType

_SYNC_FILE_RANGE_WRITE = 2
_WAITING = 64
_LIBC = ctypes.CDLL(None, use_errno=True)


class Flusher:
    """A thread that asks the kernel to begin writing files out; asking takes as long as the disk is behind, hence the
    thread.

    Nothing depends on it: who wants to be sure calls `settled.sync_filesystem` afterwards. Errors show there, too.
    """

    def __enter__(self) -> Flusher:
        self.queue: SimpleQueue[int | None] = SimpleQueue()
        self.free = Semaphore(_WAITING)
        self.ended = False
        self.thread = Thread(target=self._work, name="flush")
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = True  # what still waits is left to the kernel
        self.queue.put(None)
        self.thread.join()

    def add(self, handle: int) -> None:
        """Begin with this open file soon; not at all when too many wait already."""
        if self.free.acquire(blocking=False):
            self.queue.put(os.dup(handle))

    def _work(self) -> None:
        while (handle := self.queue.get()) is not None:
            if not self.ended:
                _LIBC.sync_file_range(
                    handle, ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_uint(_SYNC_FILE_RANGE_WRITE)
                )
            os.close(handle)
            self.free.release()
