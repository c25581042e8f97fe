"""Quantum circuits with Qiskit Aer, in a child process that can neither block nor kill the embedding.

Start in service.py: `Quantum` is all that the engine's routes need. Only the child (child.py, parse.py, expand.py,
simulate.py, circuits.py) imports qiskit. The other modules are light and decide: request.py and source.py validate,
memory.py estimates the size, route.py picks the device, process.py controls the child.
"""

from __future__ import annotations

from backend.engine.quantum.service import Quantum

__all__ = ["Quantum"]
