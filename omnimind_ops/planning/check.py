"""Check: one finding before anything is touched; Needs: what the act ahead asks of the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.facts import Index
from omnimind_ops.model.wheelhouse import Pin, Wheelhouse


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One finding. `id` is the name that --ignore takes; disk and ports have a row for each thing that is wrong."""

    id: str
    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Needs:
    """What the act ahead asks for. `space` is bytes by absolute path; the venv's own bytes come on top."""

    space: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    venv: str = "/opt/omnimind/venv"  # "" when none is made
    units: frozenset[str] = frozenset()  # native units that may hold a port: they are ours
    root: bool = True
    systemd: bool = True
    docker: bool = True
    lock: str = ""  # chosen by a person; "" takes the one that fits the driver
    index: Index | None = None  # that the venv is made from; None when it comes from a folder, or is not made
    made: bool = False  # there is a venv, which may be the one that is wanted
    wheelhouse: Wheelhouse | None = None  # that the venv is made from; None when it comes from an index, or is not made
    pins: tuple[Pin, ...] = ()  # what the venv takes of it
    backup: str = ""  # of Qdrant, to be restored
    checksum: Checksum | None = None  # what covers it; None without a backup


def size(count: int) -> str:
    """Return bytes as a person reads them: "1.8 GB" (powers of ten, as df -H)."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
