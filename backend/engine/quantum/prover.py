"""Whether circuits can run on the GPU: what rules it out without trying, and the run of three qubits that alone proves
it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from backend.engine.quantum.card import Card
from backend.engine.quantum.installed import Installed
from backend.engine.quantum.process import Child, Died
from backend.engine.quantum.route import Gpu, Proof

GOOD_S = 600.0  # that a proof holds
BAD_S = 60.0  # that a failure holds before it is tried again
PROOF_S = 30.0  # that a proof may take: a cold CUDA context on a busy machine


class Prover:
    """Keeps the last proof and its age."""

    def __init__(self, child: Child, read_card: Callable[[], Card], have: Installed) -> None:
        self.child = child
        self.have = have
        self.read_card = read_card
        self.proof: Proof | None = None

    def known(self) -> tuple[Gpu, Card]:
        """Return what is known without trying anything; a proof that is too old is none."""
        blocked = self.have.without_gpu()
        card = Card() if blocked else self.read_card()
        proof = self.proof
        if proof is not None and time.monotonic() - proof.at > (GOOD_S if proof.ok else BAD_S):
            proof = None
        return Gpu(blocked or card.reason, card.name, proof), card

    async def prove(self) -> Proof:
        """Try it; raises nothing but a cancellation: a child that dies or hangs at it is the answer no."""
        began = time.monotonic()
        try:
            await self.child.start()
            async with asyncio.timeout(PROOF_S):
                answer = await self.child.ask({"act": "prove"})
            self.child.base = self.child.held()  # with CUDA, which stays
            self.proof = Proof(
                bool(answer.get("ok")),
                str(answer.get("detail", answer.get("failed", ""))),
                time.monotonic() - began,
                time.monotonic(),
            )
        except Died as error:
            self.fail(f"the process that tried it ended: {error}")
        except TimeoutError:
            self.fail(f"no answer within {PROOF_S:.0f} s")
        assert self.proof is not None
        return self.proof

    def fail(self, detail: str) -> None:
        """Note that the GPU did not do what it was asked for, in a proof or in a job."""
        self.proof = Proof(False, detail, 0.0, time.monotonic())

    def info(self) -> dict[str, object]:
        """Return the GPU's part of /info."""
        gpu, card = self.known()
        proof = self.proof and {
            "ok": self.proof.ok,
            "detail": self.proof.detail,
            "seconds": self.proof.seconds,
            "age_s": time.monotonic() - self.proof.at,
        }
        return {"blocked": gpu.blocked, "card": card.name, "free_vram_bytes": card.free, "proof": proof}
