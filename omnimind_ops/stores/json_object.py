"""JSON objects in files that other programs wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON value that must be an object; ValueError for any other value."""
    if not isinstance(value, Mapping):
        raise ValueError("not a JSON object")
    return value


def parse_object(content: bytes) -> Mapping[str, Any]:
    """Return the JSON object in the content of a file; ValueError when it is not JSON, or not an object."""
    return as_object(json.loads(content))
