"""sentence-transformers in a separate process, loaded once, that encodes the same texts on request."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

CHILD = """
import base64, json, sys, time
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device=sys.argv[2])
for line in sys.stdin:
    texts = json.loads(line)
    began = time.perf_counter()
    rows = model.encode(texts, batch_size=32, show_progress_bar=False, convert_to_numpy=True)
    seconds = time.perf_counter() - began
    print(json.dumps([seconds, base64.b64encode(rows.astype("<f4").tobytes()).decode()]), flush=True)
"""


class SentenceTransformers:
    """`encode` returns the seconds and the rows' bytes (float32). Batch size 32 is the library's default."""

    def __init__(self, python: Path, model: Path, device: str = "cpu") -> None:
        command = (str(python), "-W", "ignore", "-c", CHILD, str(model), device)
        quiet = {
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "TQDM_DISABLE": "1",
        }
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **quiet},
            text=True,
        )

    def encode(self, texts: list[str]) -> tuple[float, bytes]:
        """Encode the texts once."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline()
        if not reply:
            raise RuntimeError("sentence-transformers ended: try it by hand in .venv-reference")
        seconds, rows = json.loads(reply)
        return seconds, base64.b64decode(rows)

    def __enter__(self) -> Self:
        began = time.monotonic()
        self.encode(["a first text"])
        self.load_s = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
