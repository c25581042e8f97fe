"""One circuit from its source to its counts: parsed in the child, routed and admitted here, run in the child."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from backend.engine.quantum import crossover, memory
from backend.engine.quantum.process import Child, Died
from backend.engine.quantum.prover import Prover
from backend.engine.quantum.request import Request
from backend.engine.quantum.route import Gpu, Route, route
from backend.engine.quantum.sizing import no_room, settle
from backend.engine.quantum.wire import Message
from backend.http.errors import ApiProblem

MIN_BYTES = 192 << 20  # the child itself and a small circuit
PARSE_BYTES = 512 << 20  # limit for parsing a circuit: definitions can turn a short text into a huge circuit


@dataclass(frozen=True)
class Tools:
    """Resources shared by all jobs."""

    child: Child
    prover: Prover
    state: Path
    free_ram: Callable[[], int]

    def crossover_info(self) -> dict[str, object]:
        """Return the crossover's part of /info."""
        measured = crossover.load(self.state)
        return (
            {"why_not": measured}
            if isinstance(measured, str)
            else {"card": measured.card, "precision": dict(measured.precision), "measured_at": measured.measured_at}
        )


class GpuFailed(Exception):  # noqa: N818 an event, not an error
    """The GPU was chosen for the circuit and did not run it; `error` is the failure."""

    def __init__(self, error: ApiProblem | Died) -> None:
        super().__init__(str(error))
        self.error = error


class Job:
    """One request; `run` it once."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.request = request
        self.tools = tools
        self.seconds: dict[str, float] = {}

    async def run(self, queued: float) -> dict[str, object]:
        """Return the response body. Raises ApiProblem, TimeoutError, or the child's exceptions of process.py."""
        began = time.perf_counter()
        self._room_to_start()
        await self.tools.child.start()
        self.seconds = {"queue": queued, "start": time.perf_counter() - began}
        async with asyncio.timeout(self.request.timeout_s):
            try:
                answer = await self._simulated()
            except GpuFailed as failure:
                if self.request.device == "gpu" and await self._gpu_is_fine():
                    raise failure.error from None
                answer = await self._simulated(f"the GPU did not run it: {failure}")
        self.seconds["total"] = queued + time.perf_counter() - began
        return {**answer, "seconds": {name: round(value, 6) for name, value in self.seconds.items()}}

    def _room_to_start(self) -> None:
        free = self.tools.free_ram()
        if self.tools.child.pid is None and free < MIN_BYTES:
            why = f"{memory.readable(free)} of memory are free, {memory.readable(MIN_BYTES)} are required to start"
            more = {"needed_bytes": MIN_BYTES, "free_bytes": free}
            raise ApiProblem(
                503,
                "no memory for quantum simulation",
                why,
                fix="try again later, or free memory",
                headers={"Retry-After": "30"},
                more=more,
            )

    async def _gpu_is_fine(self) -> bool:
        """Return whether the GPU works, so that the circuit is at fault."""
        gpu, _ = self.tools.prover.state()
        failed = gpu.proof is not None and not gpu.proof.ok
        return not failed and (await self.tools.prover.prove()).ok

    async def _simulated(self, without_gpu: str = "") -> dict[str, object]:
        """Return the answer without its times.

        `without_gpu` is the reason to choose the CPU if the device is `auto`.
        """
        await self.tools.child.start()
        began = time.perf_counter()
        facts = await self._ask(
            {"act": "parse", "qasm": self.request.qasm, "method": self.request.method},
            min(PARSE_BYTES, self.tools.free_ram()),
        )
        self.seconds["parse"] = time.perf_counter() - began
        circuit = settle(self.request, facts)
        chosen = await self._route(circuit, without_gpu)
        need, room = self._admit(circuit, chosen.device)
        options = self._options(circuit, chosen.device)
        flags = {"measured": facts["measured"], "flow": facts["flow"], "statevector": self.request.statevector}
        result = await self._run({"act": "run", **options, **flags}, room)
        self.seconds["run"] = float(str(result["seconds"]))
        return {
            **options,
            **{key: result[key] for key in ("counts", "statevector", "device")},
            "counts_left_out": result["left_out"],
            "qubits": facts["qubits"],
            "gates": facts["gates"],
            "memory_bytes": need,
            "routed": chosen.why,
        }

    def _options(self, circuit: memory.Circuit, device: str) -> dict[str, object]:
        """Return the options of the run, with the seed that was requested or chosen."""
        seed = self.request.seed if self.request.seed is not None else secrets.randbelow(1 << 32)
        return {
            "method": circuit.method,
            "precision": circuit.precision,
            "device": device,
            "shots": circuit.shots,
            "seed": seed,
        }

    async def _route(self, circuit: memory.Circuit, without_gpu: str) -> Route:
        """Return the device.

        The GPU is chosen only with a recent self-test and, for `auto`, with enough free memory.
        """
        gpu, card = self.tools.prover.state()
        if self.request.device == "auto" and not gpu.blocked:
            gpu = replace(gpu, blocked=without_gpu or no_room(circuit, card))
        measured = crossover.load(self.tools.state)

        def ask(gpu_state: Gpu) -> Route:
            return route(
                self.request.device,
                method=circuit.method,
                precision=circuit.precision,
                qubits=circuit.qubits,
                gpu=gpu_state,
                crossover=measured,
            )

        chosen = ask(gpu)
        if not chosen.unproven:
            return chosen
        proven = await self.tools.prover.prove()
        if self.tools.child.pid is None:  # the self-test killed the child, and the circuit with it
            raise GpuFailed(Died(proven.detail))
        return ask(replace(gpu, proof=proven))

    def _admit(self, circuit: memory.Circuit, device: str) -> tuple[int, int]:
        """Return the bytes needed, and the bytes of RAM that the child may use. Raises 422 if they are not free."""
        free = self.tools.free_ram()
        if device == "cpu":
            return memory.admit(circuit, "cpu", free), free
        memory.admit(replace(circuit, qubits=1), "cpu", free)  # RAM for gates and outcomes, which stay on the host
        _, card = self.tools.prover.state()
        return memory.admit(circuit, "gpu", card.free or 0), free

    async def _run(self, message: Message, room: int) -> Message:
        if message["device"] == "cpu":
            return await self._ask(message, room)
        try:
            result = await self._ask(message, room)
        except (ApiProblem, Died) as error:
            raise GpuFailed(error) from error
        if result["device"] != "gpu":
            raise GpuFailed(Died(f"the circuit ran on {result['device']} instead of the GPU"))
        return result

    async def _ask(self, message: Message, room: int) -> Message:
        """Return the child's answer, or raise the problem it reports.

        The child may use `room` bytes more than it holds now.
        """
        child = self.tools.child
        answer = await child.ask(message, child.used_bytes() + room)
        problem = answer.get("problem")
        if isinstance(problem, dict):
            raise ApiProblem(
                problem["status"], problem["title"], problem["detail"], fix=problem["fix"], more=problem["more"]
            )
        if "failed" in answer:
            raise ApiProblem(
                422,
                "the circuit cannot be simulated",
                str(answer["failed"]),
                fix="change the circuit, or choose another method",
            )
        return answer
