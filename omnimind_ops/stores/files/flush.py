"""Start writing copied files to disk while the next ones are copied, so that the final sync is short."""

from __future__ import annotations

import ctypes
import os
from queue import SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType

_SYNC_FILE_RANGE_WRITE = 2
_MAX_QUEUED = 64
_LIBC = ctypes.CDLL(None, use_errno=True)


class Flusher:
    """A thread that asks the kernel to start writing files to disk. The call blocks while the disk is busy, so it needs
    a thread.

    Nothing depends on it: to be certain, call `settled.sync_filesystem` afterwards. Errors also show there.
    """

    def __enter__(self) -> Flusher:
        self.queue: SimpleQueue[int | None] = SimpleQueue()
        self.free = Semaphore(_MAX_QUEUED)
        self.ended = False
        self.thread = Thread(target=self._flush_queue, name="flush")
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = True  # the kernel writes what is still queued
        self.queue.put(None)
        self.thread.join()

    def add(self, handle: int) -> None:
        """Queue this open file; it is skipped when too many are waiting."""
        if self.free.acquire(blocking=False):
            self.queue.put(os.dup(handle))

    def _flush_queue(self) -> None:
        while (handle := self.queue.get()) is not None:
            if not self.ended:
                _LIBC.sync_file_range(
                    handle, ctypes.c_int64(0), ctypes.c_int64(0), ctypes.c_uint(_SYNC_FILE_RANGE_WRITE)
                )
            os.close(handle)
            self.free.release()
