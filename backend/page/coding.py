"""Choice of the content coding: the smallest available body that the browser accepts (RFC 9110, 12.5.3)."""

from __future__ import annotations

from collections.abc import Mapping

PLAIN = "identity"


def choose(accepted: str, bodies: Mapping[str, bytes]) -> str:
    """Return the coding of the smallest acceptable body.

    "" is the uncompressed one, also used if none is acceptable.
    """
    weights = dict(_parse_weight(entry) for entry in accepted.lower().split(",") if entry.strip())
    acceptable = [coding for coding in bodies if _is_accepted(coding or PLAIN, weights)]
    return min(acceptable, key=lambda coding: len(bodies[coding]), default="")


def _parse_weight(text: str) -> tuple[str, float]:
    coding, _, parameter = text.partition(";")
    _, _, number = parameter.partition("q=")
    try:
        return coding.strip(), float(number) if number else 1.0
    except ValueError:
        return coding.strip(), 0.0


def _is_accepted(coding: str, weights: Mapping[str, float]) -> bool:
    return weights.get(coding, weights.get("*", 1.0 if coding == PLAIN else 0.0)) > 0
