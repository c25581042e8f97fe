"""benchmarks.embeddings as a child process: the times of its rounds, kept line by line, and its final result."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers.progress import report

ROUND = re.compile(r"round \d+ of \d+: (.+?)\s+([\d.]+) s$")
AGAINST = {
    "vs_sentence_transformers": ("ours one", "sentence-transformers"),
    "vs_infinity": ("ours one", "infinity one"),
    "vs_infinity_16x4": ("ours 16x4", "infinity 16x4"),
}


@dataclass
class EmbeddingTimes:
    """Seconds of each round, by the benchmark's own names. `result` is its last line, once it is complete."""

    rounds: dict[str, list[float]] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)

    def pairs(self, name: str) -> list[tuple[float, float]]:
        """Return (ours, theirs) of complete rounds."""
        ours, theirs = AGAINST[name]
        return list(zip(self.rounds.get(ours, []), self.rounds.get(theirs, []), strict=False))


def measure(texts: int, rounds: int, times: EmbeddingTimes) -> None:
    """Fill `times`, which keeps the results if this is interrupted."""
    command = (sys.executable, "-m", "benchmarks.embeddings", "--n", str(texts), "--rounds", str(rounds))
    last = ""
    # In a separate session, so that Ctrl-C reaches it only once, from here: a second one would interrupt it while it
    # stops its services.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout
        try:
            for line in child.stdout:
                last = line.strip() or last
                if match := ROUND.match(line.strip()):
                    times.rounds.setdefault(match[1], []).append(float(match[2]))
                if line.strip() and not line.startswith("{"):
                    report(line.rstrip())
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            raise
    if child.returncode:
        raise RuntimeError(f"benchmarks.embeddings ended with {child.returncode}")
    times.result = json.loads(last)
