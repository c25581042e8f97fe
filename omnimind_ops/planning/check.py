"""Check: one preflight result; Needs: what the planned operation requires of the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.facts import Index, Starter
from omnimind_ops.model.goal import REDIS_MEMORY
from omnimind_ops.model.wheelhouse import Pin, Wheelhouse


class State(StrEnum):
    """Result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One result. `id` is the name that --ignore takes; disk and ports have one row for each problem."""

    id: str
    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Needs:
    """Requirements of the planned operation. `space` is bytes by absolute path; the venv's own bytes come on top."""

    space: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    venv: str = "/opt/omnimind/venv"  # "" when none is made
    units: frozenset[str] = frozenset()  # native units that may hold a port: OmniMind's own
    port_settings: Mapping[int, str] = field(default_factory=dict)  # what to set to need another port, by port
    beside: frozenset[str] = frozenset()  # names of the project's containers that keep running
    root: bool = True
    systemd: bool = True
    docker: bool = True
    lock: str = ""  # set by the user; "" takes the lock that fits the driver
    index: Index | None = None  # source of the venv's packages if that is an index, else None
    venv_exists: bool = False  # a venv is installed already; it may be up to date
    wheelhouse: Wheelhouse | None = None  # source of the venv's packages if that is a folder, else None
    pins: tuple[Pin, ...] = ()  # the packages that the venv takes from the wheelhouse
    redis_memory: int = REDIS_MEMORY  # bytes that the native Redis may hold
    starters: tuple[Starter, ...] = ()  # what starts the old containers besides Docker
    stores: bool = False  # the old stores were asked for the following
    outside_writers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # programs, by store
    redis_obstacles: Sequence[tuple[str, str]] = ()  # what keeps the old Redis from being read, and the fix
    qdrant_unfenced: str = ""  # why the old Qdrant cannot be cut off from writers; "" when it can
    strict_collections: Sequence[str] = ()  # whose strict mode refuses the comparison's searches
    backup: str = ""  # path of the Qdrant backup to restore
    checksum: Checksum | None = None  # the checksum that covers it; None without a backup


def size(count: int) -> str:
    """Return bytes in a readable unit: "1.8 GB" (powers of ten, as df -H)."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
