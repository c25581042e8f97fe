"""The Runner on torch: load() puts a model onto the GPU, prove() runs the self-test.

Import it only if a GPU is expected, because it imports torch.

Speed comes from packing texts without padding (encoder.py), half precision where it was measured to agree
(precision.py), CUDA graphs for small batches (graphs.py), large batches up to the size that pays (memory.py), and
packing the next batch while the GPU works (pipeline.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from backend.engine.cpu import weights
from backend.engine.cpu.weights import Weights
from backend.engine.folder import Folder
from backend.engine.gpu import card as torch_card
from backend.engine.gpu import memory as torch_memory
from backend.engine.gpu import precision as torch_precision
from backend.engine.gpu import sample as torch_sample
from backend.engine.gpu.card import Card
from backend.engine.gpu.errors import recognise
from backend.engine.gpu.network import Network, build, embed, encoders
from backend.engine.gpu.pipeline import Pipeline
from backend.engine.gpu.precision import Choice
from backend.engine.gpu.proof import prove
from backend.engine.identity import digest as identity
from backend.engine.runner import Options, Vectors
from omnimind_ops.model.problem import Problem

__all__ = ["TorchRunner", "load", "prove"]
_ON_CPU = 4096
"""Batch size in tokens on a CPU, where there is no GPU to tune for."""
Make = Callable[[str], Network]


class TorchRunner:
    """One model on one device, created by load(). The members are documented in backend.engine.runner.Runner."""

    streams = 1

    def __init__(self, folder: Folder, card: Card, choice: Choice, make: Make, digest: str) -> None:
        self.name, self.max_tokens, self.device = folder.name, folder.max_tokens, card.device.type
        self.precision, self.digest = choice.network.precision, digest
        self.encoder, self.pads = choice.network.encoder.name, choice.network.encoder.pads
        self.encoder_reason = ""
        self.dimensions = int(embed(choice.network, card.device, [[0]]).shape[1])
        self._card, self._choice, self._make = card, choice, make
        self._rescue: Network | None = None
        self._rescued = 0
        self.resize(_ON_CPU)

    def resize(self, tokens: int) -> None:
        """Allocate room for batches of this many tokens (at least one text)."""
        self._pipeline = Pipeline(self._choice.network, self._card.device, self.dimensions, self.max_tokens, tokens)

    @property
    def batch_tokens(self) -> int:
        """Best batch size for this device in tokens; smaller for a while after its memory ran out."""
        return self._pipeline.allowance.tokens

    @property
    def details(self) -> dict[str, object]:
        """The setup of the model, and the failures it recovered from."""
        return {
            "card": self._card.name,
            "torch": torch.__version__,
            "encoder_because": self.encoder_reason,
            "attention": self._choice.network.encoder.attention,
            "precision_because": self._choice.reason,
            "agreement": round(self._choice.agreement, 6),
            "graphs": self._pipeline.graphs.off or self._pipeline.graphs.sizes,
            "card_memory_mb": torch_memory.reserved(self._card.device) >> 20,
            "memory_ran_out": self._pipeline.allowance.shrunk,
            "texts_calculated_again_in_f32": self._rescued,
        }

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        """Return one row per sequence, in the given order. A batch that does not fit into memory is halved.

        Raises a Problem on failure; the process stays usable.
        """
        invalid = next((len(text) for text in ids if not 0 < len(text) <= self.max_tokens), None)
        if invalid is not None:
            raise Problem(
                "cannot embed a text",
                f"it has {invalid} tokens; 1 to {self.max_tokens} are allowed",
                "truncate it with the model's tokenizer",
            )
        try:
            answer = self._pipeline.run(ids)
            bad = [int(at) for at in np.flatnonzero(~np.isfinite(answer).all(axis=1))]
            if bad:
                answer[bad] = self._again([ids[at] for at in bad])
        except (RuntimeError, MemoryError) as error:
            fault = recognise(str(error))
            raise Problem(f"cannot embed on {self._card.name}", fault.meaning, fault.fix) from error
        return answer

    def close(self) -> None:
        """Release memory and device."""
        self._pipeline.close()
        del self._pipeline, self._choice, self._make
        self._rescue = None
        torch_memory.give_back(self._card.device)

    def _again(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """Embed these texts in float32, because half precision overflowed on them, though not on the sample."""
        self._rescue = self._rescue or self._make("f32")
        self._rescued += len(texts)
        rows: Vectors = np.concatenate([embed(self._rescue, self._card.device, [text]) for text in texts])
        if not np.isfinite(rows).all():
            raise Problem(
                f"cannot embed with {self.name}",
                "its embeddings contain NaN or infinity, also in float32",
                "compare the model folder with its source",
            )
        return rows


def load(
    folder: Folder,
    options: Options | None = None,
    device: str = "cuda",
    *,
    half: bool = True,
    encoder: str = "",
    tensors: Weights | None = None,
) -> TorchRunner:
    """Return the model on the device ("cuda" or "cpu"), warmed up. Raises a Problem if device or model cannot be used.

    `half` False disables half precision: gate.Probe.fp16_ok reports whether the GPU supports it. `encoder` "" is the
    preferred one for the family. `tensors` are the folder's weights, if the caller has read them already.
    """
    options = options or Options()
    if options.threads:
        torch.set_num_threads(options.threads)
    card = torch_card.find(device)
    if not half:
        card = replace(card, half=(), why_not="half precision failed in the probe")
    budget = torch_card.settle(card)
    tensors = tensors or weights.read(folder.transformer)
    encoder = encoder or encoders(folder)[0]
    try:
        make = partial(build, folder, tensors, encoder, device=card.device)
        choice = torch_precision.choose(card, options.mode, make, torch_sample.embedder(folder, card.device))
        runner = TorchRunner(folder, card, choice, make, identity(tensors.digest(), folder, choice.network.precision))
        _warm(runner, card, budget, options.batch_tokens)
    except (RuntimeError, MemoryError) as error:
        fault = recognise(str(error))
        raise Problem(f"cannot load the model {folder.name} on {card.name}", fault.meaning, fault.fix) from error
    return runner


def _warm(runner: TorchRunner, card: Card, budget: int, batch_tokens: int) -> None:
    """Find the best batch size for this GPU, and capture the graphs of short texts."""

    def measure(tokens: int) -> float:
        length = min(64, runner.max_tokens)
        start = time.perf_counter()
        runner.encode([[0] * length] * (tokens // length))
        return time.perf_counter() - start

    if card.device.type == "cpu":
        runner.resize(batch_tokens or _ON_CPU)
        return
    torch_memory.give_back(card.device)  # memory of the precisions that were not chosen
    if not batch_tokens:
        runner.resize(torch_memory.MAX_TOKENS)
        batch_tokens = torch_memory.tune(measure, card.device, budget, runner.max_tokens)
    runner.resize(batch_tokens)
    torch_memory.give_back(card.device)  # memory of larger batches, which quantum runs can use
    for tokens in (8, 32, 64, 128):
        runner.encode([[0] * min(tokens, runner.max_tokens)])
