"""The number of qubits from which the GPU is faster than the CPU.

The benchmark measures it on this GPU and saves it in a file; the router reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE = "quantum_crossover.json"
UNMEASURED = "not measured yet: run omnimind bench quantum"


@dataclass(frozen=True)
class Crossover:
    """The measured crossover of a GPU.

    `precision` maps "double" and "single" to the lowest number of qubits at which the GPU wins, None if it never does.
    """

    card: str
    precision: Mapping[str, int | None] = field(default_factory=dict)
    measured_at: str = ""


def load(folder: Path) -> Crossover | str:
    """Return the measured crossover, or the reason why there is none."""
    path = folder / FILE
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != 1:
            return f"{path} has schema {document['schema']}, only 1 is known: run omnimind bench quantum"
        return Crossover(
            str(document["card"]),
            {str(name): None if qubits is None else int(qubits) for name, qubits in document["precision"].items()},
            str(document["measured_at"]),
        )
    except FileNotFoundError:
        return UNMEASURED
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"{path} cannot be read ({type(error).__name__}: {error}): run omnimind bench quantum"


def save(folder: Path, crossover: Crossover) -> Path:
    """Write the file atomically and return its path."""
    path = folder / FILE
    beside = path.with_suffix(f".{os.getpid()}.part")
    document = {
        "schema": 1,
        "card": crossover.card,
        "precision": dict(crossover.precision),
        "measured_at": crossover.measured_at,
    }
    beside.write_text(json.dumps(document, indent=1) + "\n")
    beside.replace(path)
    return path
