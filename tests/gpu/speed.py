"""How fast: against sentence-transformers on the same card, in turns, texts in and vectors out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from backend.engine.cpu import weights
from backend.engine.gpu import runner as torch_runner
from backend.engine.gpu.network import build, embed
from backend.engine.runner import Options
from tests.gpu.outcome import Outcome
from tests.gpu.setting import Setting, has

TARGET = 3.0
"""Times the throughput of sentence-transformers in float32: printed, not asserted."""
Way = Callable[[list[int]], object]
"""Embeds the corpus' texts of these numbers, tokenising included."""


def throughput(setting: Setting) -> Outcome:
    """Texts a second of each way, medians of rounds that alternate."""
    ways = _ways(setting)
    times: dict[str, list[float]] = {name: [] for name in ways}
    every = list(range(setting.count))
    for number in range(setting.rounds + 1):
        for name, way in ways.items():
            seconds = _timed(way, every, setting)
            if number:  # the first round is warm-up
                times[name].append(seconds)
    base = next(iter(ways))
    rates = {name: setting.count / statistics.median(recorded) for name, recorded in times.items()}
    ratios = {
        name: statistics.median(b / a for a, b in zip(observed, times[base], strict=True))
        for name, observed in times.items()
    }
    detail = (
        "; ".join(f"{name} {rates[name]:.0f} texts/s ({ratios[name]:.2f} ×)" for name in ways)
        + f"; target {TARGET:g} × of the first"
    )
    numbers = {
        "baseline": base,
        "texts_per_s": {name: round(rate, 1) for name, rate in rates.items()},
        "ratio": {k: round(v, 2) for k, v in ratios.items()},
    }
    return Outcome("throughput", "ok", detail, {**numbers, "target": TARGET, "reached": max(ratios.values()) >= TARGET})


def single(setting: Setting) -> Outcome:
    """One short text at a time: p50 and p99 in milliseconds."""
    short = [at for at, item in enumerate(setting.ids) if len(item) <= 24] or [0]
    numbers: dict[str, object] = {}
    for name, way in _ways(setting).items():
        times = [_timed(way, [short[at % len(short)]], setting) * 1000 for at in range(220)][20:]
        numbers[name] = {
            "p50_ms": round(float(np.percentile(times, 50)), 3),
            "p99_ms": round(float(np.percentile(times, 99)), 3),
        }
    return Outcome(
        "single text",
        "ok",
        "; ".join(f"{name} p50 {entry['p50_ms']} ms, p99 {entry['p99_ms']} ms" for name, entry in numbers.items()),
        numbers,
    )


def _ways(setting: Setting) -> dict[str, Way]:
    """The baseline first."""
    made = _baselines(setting)
    for mode in ("exact", "auto"):
        runner = torch_runner.load(setting.folder, Options(mode=mode), setting.device)
        made[f"ours {mode} ({runner.precision})"] = _ours(setting, runner)
    if setting.device == "cuda":
        plain = torch_runner.load(setting.folder, Options(mode="auto"), setting.device)
        plain._pipeline.graphs.off = "to see what they are worth"
        made["ours auto without graphs"] = _ours(setting, plain)
    return made


def _ours(setting: Setting, runner: torch_runner.TorchRunner) -> Way:
    if has("tokenizers"):
        return lambda numbers: runner.encode(setting.tokenised([setting.corpus[at] for at in numbers]))
    return lambda numbers: runner.encode([setting.ids[at] for at in numbers])


def _baselines(setting: Setting) -> dict[str, Way]:
    if has("sentence_transformers") and has("tokenizers"):
        from sentence_transformers import SentenceTransformer

        full = SentenceTransformer(str(setting.model), device=setting.device)
        half = SentenceTransformer(
            str(setting.model),
            device=setting.device,
            model_kwargs={"dtype": torch.bfloat16 if setting.device == "cpu" else torch.float16},
        )
        return {
            "sentence-transformers f32": lambda numbers: full.encode([setting.corpus[at] for at in numbers]),
            "sentence-transformers half": lambda numbers: half.encode([setting.corpus[at] for at in numbers]),
        }
    device = torch.device(setting.device)
    network = build(setting.folder, weights.read(setting.folder.transformer), "packed", "f32", device)

    def plain(numbers: list[int]) -> None:
        for at in range(0, len(numbers), 32):
            embed(network, device, [setting.ids[number] for number in numbers[at : at + 32]])

    return {"plain loop f32, 32 at a time": plain}


def _timed(way: Way, numbers: list[int], setting: Setting) -> float:
    start = time.perf_counter()
    way(numbers)
    if setting.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
