"""`Quantum`: runs one circuit at a time in the child, behind a bounded queue.

Every request gets an answer or a problem.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from backend.engine.quantum import card, machine
from backend.engine.quantum.installed import Installed, installed
from backend.engine.quantum.job import Job, Tools
from backend.engine.quantum.launch import share_of_cores
from backend.engine.quantum.process import Child, Died, Outgrew
from backend.engine.quantum.prover import Prover
from backend.engine.quantum.request import Request, read
from backend.engine.quantum.source import check
from backend.http.errors import ApiProblem

WAITING = 8
# Longest wait for a turn. Together with the child's start and the circuit's time, it stays within the workers' time
# limit.
WAIT_S = 25.0
IDLE_S = 300.0
GROWN = (
    256 << 20
)  # memory that a child may gain; Qiskit never frees the gates that a program defines (2.6: 3 kB each use)
STATE = "/var/lib/omnimind/models"


class Quantum:
    """Runs circuits for the engine.

    Only `run` and `close` need a running event loop. The child starts with the first circuit.
    """

    def __init__(
        self,
        *,
        state: str | Path = "",
        threads: int = 0,
        waiting: int = WAITING,
        idle_s: float = IDLE_S,
        free_ram: Callable[[], int] = machine.free_ram,
        read_card: Callable[[], card.Card] = card.read,
        have: Installed | None = None,
    ) -> None:
        """Create the service without starting the child.

        `state` is the folder of the measured crossover. `threads` 0 means half of the cores, so that embedding
        continues. After `idle_s` idle seconds the child ends.
        """
        self.have = have or installed()
        self.child = Child(threads or share_of_cores())
        self.prover = Prover(self.child, read_card, self.have)
        self.tools = Tools(self.child, self.prover, Path(state or os.environ.get("OMNIMIND_STATE") or STATE), free_ram)
        self.waiting = 0
        self.most_waiting = waiting
        self.idle_s = idle_s
        self.turn = asyncio.Lock()
        self.last_s = 1.0
        self.idle_timer: asyncio.TimerHandle | None = None
        self.ended: Counter[str] = Counter()

    async def run(self, body: Mapping[str, object]) -> tuple[int, dict[str, object]]:
        """Return (200, result) or (status, problem body).

        413 and 422 are for an invalid or too large circuit, 503 for busy or broken, 504 for out of time. A 503 has
        `retry_after_s` for the Retry-After header. Cancelling the call ends the simulation.
        """
        try:
            answer = await self._answer(body)
        except ApiProblem as problem:
            self.ended[str(problem.status)] += 1
            retry = {"retry_after_s": int(problem.headers["Retry-After"])} if "Retry-After" in problem.headers else {}
            return problem.status, {**problem.body("/quantum"), **retry}
        self.ended["200"] += 1
        return 200, answer

    async def close(self) -> None:
        """End the child and wait for its end. Waiting requests get a 503."""
        if self.idle_timer:
            self.idle_timer.cancel()
        await self.child.close()

    def info(self) -> dict[str, object]:
        """Return the contents of /info.

        They cover the installation, GPU self-test, measured crossover, queue, child, and the results of past jobs.
        """
        have = self.have
        return {
            "aer": {
                "installed": have.dist,
                "conflict": have.conflict,
                "gpu_build": have.gpu_build,
                "versions": self.child.hello.get("versions", {}),
            },
            "gpu": self.prover.info(),
            "crossover": self.tools.crossover_info(),
            "queue": {"running": self.turn.locked(), "waiting": self.waiting, "limit": self.most_waiting},
            "child": {"pid": self.child.pid, "resident_bytes": self.child.used_bytes(), "threads": self.child.threads},
            "free_ram_bytes": self.tools.free_ram(),
            "ended": dict(self.ended),
        }

    async def _answer(self, body: Mapping[str, object]) -> dict[str, object]:
        request = read(body)
        check(request.qasm)
        if not self.have.dist:
            raise ApiProblem(
                503,
                "quantum simulation is not installed",
                "Qiskit Aer is not installed here",
                fix="install the engine's requirements",
                headers={"Retry-After": "3600"},
            )
        began = time.perf_counter()
        await self._take_turn(request)
        queued = time.perf_counter() - began
        if self.idle_timer:
            self.idle_timer.cancel()
        try:
            return await self._worked(request, queued)
        finally:
            self.last_s = time.perf_counter() - began - queued
            self._end_when_idle()
            self.turn.release()

    async def _take_turn(self, request: Request) -> None:
        """Wait for the circuits ahead, at most this circuit's own time limit and at most WAIT_S."""
        patience = min(request.timeout_s, WAIT_S)
        if self.turn.locked() and self.waiting >= self.most_waiting:
            raise self._busy(f"{self.waiting} circuits are already waiting")
        self.waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self.turn.acquire()
        except TimeoutError:
            raise self._busy(f"it waited {patience:g} s for its turn") from None
        finally:
            self.waiting -= 1

    def _busy(self, why: str) -> ApiProblem:
        seconds = min(60, max(1, math.ceil(self.last_s * (self.waiting + 1))))
        return ApiProblem(
            503,
            "quantum simulation is busy",
            why,
            fix=f"try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
            more={"waiting": self.waiting},
        )

    async def _worked(self, request: Request, queued: float) -> dict[str, object]:
        """Run one job, and turn failures of the child into problems."""
        try:
            return await Job(request, self.tools).run(queued)
        except TimeoutError:
            fix = "allow more time (timeout_s, at most 600), use fewer qubits, gates or shots, or precision single"
            raise ApiProblem(
                504,
                "the circuit took too long",
                f"it was stopped after {request.timeout_s:g} s",
                fix=fix,
                more={"timeout_s": request.timeout_s},
            ) from None
        except Outgrew as error:
            more = {"held_bytes": error.used_bytes, "allowed_bytes": error.allowed}
            used, allowed = error.used_bytes >> 20, error.allowed >> 20
            why = f"the simulation used {used} MiB, more than the {allowed} MiB allowed, and was stopped"
            raise ApiProblem(
                422,
                "the circuit does not fit",
                why,
                fix="use fewer qubits, less entanglement or flatter gate definitions",
                more=more,
            ) from None
        except Died as error:
            fix = "try again; if it happens each time, the circuit is the cause: use a smaller one"
            raise ApiProblem(
                503,
                "the simulation ended unexpectedly",
                f"the simulating process ended: {error}",
                fix=fix,
                headers={"Retry-After": "2"},
            ) from None

    def _end_when_idle(self) -> None:
        """End the idle child later, or now if it holds too much memory."""
        if self.child.used_bytes() > self.child.base + GROWN:
            self.child.dismiss()
        elif self.child.pid is not None:
            self.idle_timer = asyncio.get_running_loop().call_later(self.idle_s, self._end_idle)

    def _end_idle(self) -> None:
        if not self.turn.locked():
            self.child.dismiss()
