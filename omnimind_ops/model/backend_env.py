"""Payload and notes of the step that carries the old backend's variables; see steps/backend_env.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omnimind_ops.model.payloads import Payload


@dataclass(frozen=True)
class BackendEnvPayload(Payload):
    """The old backend, whose variables are written to `file`; `addresses` by the names that containers used."""

    kind = "backend-env"
    container: str
    file: str
    addresses: Mapping[str, str]


@dataclass(frozen=True)
class BackendEnvNotes:
    """`written`: this run wrote the file."""

    written: bool | None = None
