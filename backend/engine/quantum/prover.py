"""The GPU check for circuits: what rules it out without a run, and the three-qubit self-test that alone proves it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from backend.engine.quantum.card import Card
from backend.engine.quantum.installed import Installed
from backend.engine.quantum.process import Child, Died
from backend.engine.quantum.route import Gpu, Proof

GOOD_S = 600.0  # validity of a passed self-test
BAD_S = 60.0  # time before a failed self-test is repeated
PROOF_S = 30.0  # time limit of a self-test: a cold CUDA context on a busy machine


class Prover:
    """Keeps the last self-test and its age."""

    def __init__(self, child: Child, read_card: Callable[[], Card], have: Installed) -> None:
        self.child = child
        self.have = have
        self.read_card = read_card
        self.proof: Proof | None = None

    def state(self) -> tuple[Gpu, Card]:
        """Return the known state without running a self-test. An expired self-test is left out."""
        blocked = self.have.without_gpu()
        card = Card() if blocked else self.read_card()
        proof = self.proof
        if proof is not None and time.monotonic() - proof.at > (GOOD_S if proof.ok else BAD_S):
            proof = None
        return Gpu(blocked or card.reason, card.name, proof), card

    async def prove(self) -> Proof:
        """Run the self-test and return its result. Raises only on cancellation.

        A child that dies or hangs counts as a failure.
        """
        began = time.monotonic()
        try:
            await self.child.start()
            async with asyncio.timeout(PROOF_S):
                answer = await self.child.ask({"act": "prove"})
            self.child.base = self.child.used_bytes()  # includes CUDA, which stays loaded
            self.proof = Proof(
                bool(answer.get("ok")),
                str(answer.get("detail", answer.get("failed", ""))),
                time.monotonic() - began,
                time.monotonic(),
            )
        except Died as error:
            self.fail(f"the process that ran it ended: {error}")
        except TimeoutError:
            self.fail(f"no answer within {PROOF_S:.0f} s")
        assert self.proof is not None
        return self.proof

    def fail(self, detail: str) -> None:
        """Record that the GPU failed, in a self-test or in a job."""
        self.proof = Proof(False, detail, 0.0, time.monotonic())

    def info(self) -> dict[str, object]:
        """Return the GPU's part of /info."""
        gpu, card = self.state()
        proof = self.proof and {
            "ok": self.proof.ok,
            "detail": self.proof.detail,
            "seconds": self.proof.seconds,
            "age_s": time.monotonic() - self.proof.at,
        }
        return {"blocked": gpu.blocked, "card": card.name, "free_vram_bytes": card.free, "proof": proof}
