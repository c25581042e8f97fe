"""1000 texts through the whole backend, against sentence-transformers in-process and infinity-emb over HTTP, in turns.

`nox -s bench -- embeddings [--rounds 5] [--mode auto|exact|fast]`. Our side is measured as a user sees it: POST
/v1/embeddings on six web workers with one engine behind them, bypassing the cache (Cache-Control: no-store). Ratios
above 1 mean that ours is faster; all values are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

from backend.engine import settings
from benchmarks import load
from benchmarks.peers.environment import environment
from benchmarks.peers.infinity import infinity
from benchmarks.peers.sentence_transformers import SentenceTransformers
from omnimind_ops.bench import corpus
from tests.backend.world import World, world
from tests.services import services

WORKERS = 6
CALLERS = 16


@dataclass
class Timings:
    """Seconds of each round by name, and of each request."""

    rounds: dict[str, list[float]] = field(default_factory=dict)
    requests: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float, requests: Sequence[float] = ()) -> None:
        """Record one round."""
        self.rounds.setdefault(name, []).append(seconds)
        self.requests.setdefault(name, []).extend(requests)

    def median(self, name: str) -> float:
        """Return the median seconds of the rounds."""
        return statistics.median(self.rounds[name])

    def ratio(self, ours: str, theirs: str) -> float:
        """Return the median ratio of their time to ours, round by round."""
        return round(
            statistics.median(
                their_time / our_time
                for our_time, their_time in zip(self.rounds[ours], self.rounds[theirs], strict=True)
            ),
            2,
        )


def main() -> None:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mode", choices=("auto", "exact", "fast"), default="auto")
    parser.add_argument("--n", type=int, default=1000)
    options = parser.parse_args()
    os.environ["OMNIMIND_MODE"] = options.mode  # inherited by the engine
    model = settings.find("").path
    texts = corpus.texts(options.n)
    timings, vectors, memory = Timings(), {}, {}
    with (
        services() as stores,
        world(stores, "bench", workers=WORKERS) as ours,
        SentenceTransformers(environment("reference"), model) as reference,
        infinity(environment("infinity"), model) as theirs,
    ):
        tasks = _tasks(ours, theirs, reference, texts, vectors)
        for number in range(-1, options.rounds):  # round -1 is a warm-up and is not counted
            for name, task in tasks.items():
                seconds, requests = task()
                if number >= 0:
                    timings.add(name, seconds, requests)
                    print(f"round {number + 1} of {options.rounds}: {name:<28}{seconds:8.2f} s", flush=True)
        memory = _memory(ours)
    _print(timings, memory, _least_cosine(vectors), options.mode)


Task = Callable[[], tuple[float, Sequence[float]]]


def _tasks(
    ours: World, theirs: str, reference: SentenceTransformers, texts: list[str], vectors: dict[str, bytes]
) -> dict[str, Task]:
    our_urls = [f"{ours.url(worker)}/v1/embeddings" for worker in range(WORKERS)]
    headers = {"authorization": f"Bearer {ours.tokens['reader']}", "cache-control": "no-store"}
    batches = [texts[at : at + 4] for at in range(0, len(texts), 4)] * 2
    short = [[text] for text in sorted(texts, key=len)[: len(texts) // 4]]

    def keep(name: str, result: load.Load) -> tuple[float, Sequence[float]]:
        vectors[name] = b"".join(result.rows)
        return result.seconds, result.requests

    def in_process() -> tuple[float, Sequence[float]]:
        seconds, vectors["reference"] = reference.encode(texts)
        return seconds, ()

    return {
        "sentence-transformers": in_process,
        "ours one": lambda: keep("ours", load.run(our_urls, [texts], 1, headers, model="default")),
        "infinity one": lambda: keep("infinity", load.run([theirs], [texts], 1)),
        "ours 16x4": lambda: keep("ours 16x4", load.run(our_urls, batches, CALLERS, headers, model="default")),
        "infinity 16x4": lambda: keep("infinity 16x4", load.run([theirs], batches, CALLERS)),
        "ours short, 16 callers": lambda: keep("short", load.run(our_urls, short, CALLERS, headers, model="default")),
        "ours short, one by one": lambda: keep("short", load.run(our_urls, short, 1, headers, model="default")),
    }


def _least_cosine(vectors: dict[str, bytes]) -> float:
    ours, reference = (np.frombuffer(vectors[name], "<f4").reshape(-1, 384) for name in ("ours", "reference"))
    return float(((ours * reference).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(reference, axis=1)).min())


def _memory(ours: World) -> dict[str, float]:
    """Return the memory of the engine with its children, and of each worker, in MB. Shared pages count in each."""

    def rss(pid: int) -> float:
        process = psutil.Process(pid)
        return sum(member.memory_info().rss for member in (process, *process.children(recursive=True))) / 1e6

    return {"engine": rss(ours.engine.pid), **{worker.name: rss(worker.pid) for worker in ours.workers}}


def _print(timings: Timings, memory: dict[str, float], cosine: float, mode: str) -> None:
    print(f"\n{'':<28}{'median s':>10}{'min':>8}{'max':>8}{'p50 ms':>10}{'p99 ms':>10}")
    for name, rounds in timings.rounds.items():
        requests = sorted(timings.requests[name])
        tail = (
            f"{requests[len(requests) // 2] * 1000:>10.1f}{requests[int(len(requests) * 0.99)] * 1000:>10.1f}"
            if len(requests) > len(rounds)
            else ""
        )
        print(f"{name:<28}{statistics.median(rounds):>10.2f}{min(rounds):>8.2f}{max(rounds):>8.2f}{tail}")
    print("memory MB: " + ", ".join(f"{name} {size:.0f}" for name, size in memory.items()))
    alone, together = (
        sorted(timings.requests["ours short, one by one"]),
        sorted(timings.requests["ours short, 16 callers"]),
    )
    result = {
        "mode": mode,
        "vs_sentence_transformers": timings.ratio("ours one", "sentence-transformers"),
        "vs_infinity": timings.ratio("ours one", "infinity one"),
        "vs_infinity_16x4": timings.ratio("ours 16x4", "infinity 16x4"),
        "together_vs_one_by_one": timings.ratio("ours short, 16 callers", "ours short, one by one"),
        "single_p50_ms": round(alone[len(alone) // 2] * 1000, 1),
        "p99_ms": round(together[int(len(together) * 0.99)] * 1000, 1),
        "rss_total_mb": round(sum(memory.values())),
        "cosine_min": round(cosine, 6),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
