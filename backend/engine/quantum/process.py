"""The quantum child, as seen from the engine.

It is started on demand, handles one message at a time, and is killed with its process group if it does not answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from backend.engine.quantum.launch import command, ending, environment
from backend.engine.quantum.wire import Message, pack, receive

START_S = 30.0  # importing Qiskit takes 0.7 s on an idle machine
WATCH_S = 0.1  # interval for checking the child's memory while it works
END_S = 5.0


class Died(Exception):  # noqa: N818 an event of the child, not an error
    """The child ended while it worked on a message; the text says how."""


class Outgrew(Exception):  # noqa: N818 an event of the circuit, not an error
    """The child was killed because it used more memory than allowed: `used_bytes` of `allowed` bytes."""

    def __init__(self, used_bytes: int, allowed: int) -> None:
        super().__init__(f"{used_bytes} of {allowed} bytes")
        self.used_bytes = used_bytes
        self.allowed = allowed


class Child:
    """One child process at a time. Not for concurrent callers: service.py has the queue."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.process: asyncio.subprocess.Process | None = None
        self.hello: Message = {}
        self.ending_tasks: set[asyncio.Task[None]] = set()
        self.closed = False
        self.base = 0  # bytes held before any work

    @property
    def pid(self) -> int | None:
        """Return the running child's process id; None if there is none that can still answer."""
        process = self.process
        if process is None or process.returncode is not None or process.stdout is None or process.stdout.at_eof():
            return None
        return process.pid

    def used_bytes(self) -> int:
        """Return the child's resident bytes, 0 if there is none."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    async def start(self) -> None:
        """Start a child unless one is running. Raises Died with the reason on failure."""
        if self.pid is not None:
            return
        self.kill()
        if self.ending_tasks:  # two children would share the free memory of one
            await asyncio.wait(self.ending_tasks)
        if self.closed:
            raise Died("the engine is closing")
        self.process = await asyncio.create_subprocess_exec(
            *command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(self.threads),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_S):
                self.hello = await self._answer(None)
        except TimeoutError:
            raise Died(f"it was not ready within {START_S:.0f} s") from None
        self.base = self.used_bytes()
        if failed := self.hello.get("failed"):
            self.kill()
            raise Died(str(failed))

    async def ask(self, message: Message, allowed: int | None = None) -> Message:
        """Return the answer. Raises Died or Outgrew.

        A caller that stops waiting (time-out, disconnect) kills the child.
        """
        if self.process is None or self.process.stdin is None:
            raise Died("it was not started")
        with suppress(ConnectionError):  # _answer reports the reason
            self.process.stdin.write(pack(message))
            await self.process.stdin.drain()
        return await self._answer(allowed)

    async def _answer(self, allowed: int | None) -> Message:
        process = self.process
        assert process is not None and process.stdout is not None
        answer = asyncio.ensure_future(receive(process.stdout))
        try:
            while not (await asyncio.wait({answer}, timeout=WATCH_S))[0]:
                if allowed is not None and (used_bytes := self.used_bytes()) > allowed:
                    raise Outgrew(used_bytes, allowed)
            return answer.result()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.kill()  # its end of the pipe is closed, so it is of no further use
            raise Died(ending(await process.wait())) from None
        except BaseException:
            self.kill()  # nobody would receive its answer
            answer.cancel()
            raise

    def kill(self) -> None:
        """Kill the child and its process group. Does not wait; `start` does."""
        if self.process is not None:
            _kill(self.process)
            self.dismiss()

    def dismiss(self) -> None:
        """Let an idle child end by closing its input; it is killed if it does not. Does not wait."""
        if self.process is not None:
            task = asyncio.ensure_future(_end(self.process))
            self.ending_tasks.add(task)
            task.add_done_callback(self.ending_tasks.discard)
            self.process = None

    async def close(self) -> None:
        """End the child, idle or working, wait for its end, and allow no new one."""
        self.closed = True
        self.kill()
        if self.ending_tasks:
            await asyncio.wait(self.ending_tasks)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        _kill(process)
        await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the process group. The child leads it, so the group id stays valid until the child is reaped."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
