"""Embeddings on the CPU by OpenVINO, without torch: weights and families are read, transformer and pooling are built as
one graph. Start in runner.py.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
"""OpenVINO does without it then: it would send an event to its makers at each import, and write an id into the home."""
