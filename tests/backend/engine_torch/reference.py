"""Run by the Python of $OMNIMIND_REFERENCE_PYTHON, which has torch and sentence-transformers:

`reference.py CHECK MODEL FOLDER` prints what it found as JSON, last.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import agreement
import encoders
import families
import limits
import spare
import take_over

CHECKS: dict[str, Callable[[Path, Path], dict[str, object]]] = {
    "agreement": agreement.check,
    "families": families.check,
    "memory": limits.memory,
    "overflow": limits.overflow,
    "refused": limits.refused,
    "spare": spare.check,
    "encoders": encoders.agreement,
    "encoder proof": encoders.proof,
    "take over": take_over.check,
}

if __name__ == "__main__":
    print(json.dumps(CHECKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3])), default=asdict))
