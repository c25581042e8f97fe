"""The body of POST /quantum, validated before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.http.errors import ApiProblem

METHODS = ("automatic", "statevector", "stabilizer", "matrix_product_state")
"""Aer's methods that make sense without noise. A density matrix of a pure state costs its square without a gain."""
PRECISIONS = ("double", "single")
DEVICES = ("auto", "cpu", "gpu")
SHOTS = 1_000_000
SEED = 2**53  # the largest integer that every JSON reader keeps exactly; Aer takes 64 bits
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Request:
    """One circuit and its options. With `seed` None, a seed is chosen and returned."""

    qasm: str
    shots: int = 1024
    seed: int | None = None
    precision: str = "double"
    method: str = "automatic"
    device: str = "auto"
    statevector: bool = False
    timeout_s: float = 60.0


def read(body: Mapping[str, object]) -> Request:
    """Return the request in a JSON body. Raises 422 that names every invalid member, not only the first."""
    request = Request("")
    errors = [f"{name} is not a member of the request" for name in body if name not in Request.__dataclass_fields__]
    values = {name: body.get(name, getattr(request, name)) for name in Request.__dataclass_fields__}
    errors += [text for name, value in values.items() if (text := _wrong(name, value))]
    if "qasm" not in body:
        errors.append("qasm is missing: the OpenQASM 2 or 3 source of the circuit")
    if errors:
        raise ApiProblem(
            422,
            "the request is not valid",
            "; ".join(errors),
            fix="correct the members that `errors` lists; the members are " + ", ".join(Request.__dataclass_fields__),
            more={"errors": errors},
        )
    return Request(**values)  # type: ignore[arg-type]  # all checked above


def _wrong(name: str, value: object) -> str:
    """Return what is wrong with a value, "" if nothing is."""
    match name:
        case "qasm":
            return "" if isinstance(value, str) else "qasm must be text"
        case "shots":
            return "" if _integer(value, 1, SHOTS) else f"shots must be a whole number from 1 to {SHOTS}"
        case "seed":
            return (
                ""
                if value is None or _integer(value, 0, SEED)
                else f"seed must be null or a whole number from 0 to {SEED}"
            )
        case "precision":
            return _one_of(name, value, PRECISIONS)
        case "method":
            return _one_of(name, value, METHODS)
        case "device":
            return _one_of(name, value, DEVICES)
        case "statevector":
            return "" if isinstance(value, bool) else "statevector must be true or false"
        case _:
            fine = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= TIMEOUT_S
            return "" if fine else f"timeout_s must be a number above 0 and at most {TIMEOUT_S:.0f}"


def _integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    return "" if isinstance(value, str) and value in choices else f"{name} must be one of " + ", ".join(choices)
