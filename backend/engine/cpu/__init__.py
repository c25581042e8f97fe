"""Embeddings on the CPU with OpenVINO, without torch.

Weights and families are read, and transformer and pooling are built as one graph. Start in runner.py.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
"""Disables OpenVINO's telemetry, which would send an event on each import and write an id into the home directory."""
