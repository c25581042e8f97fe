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

LEAST_BYTES = 192 << 20  # the child itself and a small circuit
PARSE_BYTES = 512 << 20  # that reading a circuit may take: definitions can be a short text and an endless circuit


@dataclass(frozen=True)
class Tools:
    """What jobs share."""

    child: Child
    prover: Prover
    state: Path
    free_ram: Callable[[], int]

    def crossover_info(self) -> dict[str, object]:
        """Return the crossover's part of /info."""
        found = crossover.load(self.state)
        return (
            {"why_not": found}
            if isinstance(found, str)
            else {"card": found.card, "precision": dict(found.precision), "measured_at": found.measured_at}
        )


class GpuFailed(Exception):  # noqa: N818 what happened
    """The GPU was chosen for the circuit and did not run it; `error` is what came instead."""

    def __init__(self, error: ApiProblem | Died) -> None:
        super().__init__(str(error))
        self.error = error


class Job:
    """One request's way through; `run` once."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.request = request
        self.tools = tools
        self.seconds: dict[str, float] = {}

    async def run(self, queued: float) -> dict[str, object]:
        """Return the body of the answer; raises ApiProblem, TimeoutError, or what process.py raises of the child."""
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
        if self.tools.child.pid is None and free < LEAST_BYTES:
            said = f"{memory.words(free)} of memory are free, {memory.words(LEAST_BYTES)} are needed to begin"
            more = {"needed_bytes": LEAST_BYTES, "free_bytes": free}
            raise ApiProblem(
                503,
                "no memory for quantum simulation",
                said,
                fix="try again later, or free memory",
                headers={"Retry-After": "30"},
                more=more,
            )

    async def _gpu_is_fine(self) -> bool:
        """Return whether the circuit rather than the GPU is at fault."""
        gpu, _ = self.tools.prover.known()
        known_bad = gpu.proof is not None and not gpu.proof.ok
        return not known_bad and (await self.tools.prover.prove()).ok

    async def _simulated(self, without_gpu: str = "") -> dict[str, object]:
        """Return the answer without its times; `without_gpu`: why the choice, if it is ours, is the CPU."""
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
        seed = self.request.seed if self.request.seed is not None else secrets.randbelow(1 << 32)
        how = {
            "method": circuit.method,
            "precision": circuit.precision,
            "device": chosen.device,
            "shots": circuit.shots,
            "seed": seed,
        }
        ran = await self._run(
            {
                "act": "run",
                **how,
                "measured": facts["measured"],
                "flow": facts["flow"],
                "statevector": self.request.statevector,
            },
            room,
        )
        self.seconds["run"] = float(str(ran["seconds"]))
        told = {key: ran[key] for key in ("counts", "statevector", "device")}
        return {
            **how,
            **told,
            "counts_left_out": ran["left_out"],
            "qubits": facts["qubits"],
            "gates": facts["gates"],
            "memory_bytes": need,
            "routed": chosen.why,
        }

    async def _route(self, circuit: memory.Circuit, without_gpu: str) -> Route:
        """Return the device, the GPU only with a proof that is not too old and, when the choice is ours, with room on
        the card.
        """
        gpu, card = self.tools.prover.known()
        if self.request.device == "auto" and not gpu.blocked:
            gpu = replace(gpu, blocked=without_gpu or no_room(circuit, card))
        found = crossover.load(self.tools.state)

        def ask(known: Gpu) -> Route:
            return route(
                self.request.device,
                method=circuit.method,
                precision=circuit.precision,
                qubits=circuit.qubits,
                gpu=known,
                crossover=found,
            )

        chosen = ask(gpu)
        if not chosen.unproven:
            return chosen
        proven = await self.tools.prover.prove()
        if self.tools.child.pid is None:  # it died of the proof, and the circuit with it
            raise GpuFailed(Died(proven.detail))
        return ask(replace(gpu, proof=proven))

    def _admit(self, circuit: memory.Circuit, device: str) -> tuple[int, int]:
        """Return the bytes needed and the bytes of RAM that the child may take; raises the 422 when they are not free."""
        free = self.tools.free_ram()
        if device == "cpu":
            return memory.admit(circuit, "cpu", free), free
        memory.admit(replace(circuit, qubits=1), "cpu", free)  # what stays in RAM: gates and outcomes
        _, card = self.tools.prover.known()
        return memory.admit(circuit, "gpu", card.free or 0), free

    async def _run(self, message: Message, room: int) -> Message:
        if message["device"] == "cpu":
            return await self._ask(message, room)
        try:
            ran = await self._ask(message, room)
        except (ApiProblem, Died) as error:
            raise GpuFailed(error) from error
        if ran["device"] != "gpu":
            raise GpuFailed(Died(f"the circuit was given to the GPU and ran on {ran['device']}"))
        return ran

    async def _ask(self, message: Message, room: int) -> Message:
        """Return the child's answer, `room` bytes above what it holds now being its limit; raises the problem that it
        tells.
        """
        child = self.tools.child
        answer = await child.ask(message, child.held() + room)
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
