"""Quantum circuits through Qiskit Aer, in a child process that can neither block nor kill the embedding beside it.

Start in service.py: `Quantum` is all that the engine's routes need. Only the child (child.py, parse.py, expand.py,
simulate.py, circuits.py) imports qiskit; the rest is light and decides: request.py and source.py what may be asked,
memory.py what fits, route.py which device, process.py how long the child lives.
"""

from __future__ import annotations

from backend.engine.quantum.service import Quantum

__all__ = ["Quantum"]
