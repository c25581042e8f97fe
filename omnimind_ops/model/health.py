"""Health: how every service is (Reading), the GPU, the host, and all of it (Report); HealthCode: what `omnimind health`
exits with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from omnimind_ops.model.json import JSON


class State(StrEnum):
    """How a service, or the whole, is."""

    READY = "ready"
    DEGRADED = "degraded"  # it works, but not as it should: on the CPU though a GPU is expected, read only, restarting again and again
    STARTING = "starting"
    DOWN = "down"
    STOPPED = "stopped"  # of a service: a person stopped it


class HealthCode(IntEnum):
    """Exit codes of `omnimind health`, and of nothing else:

    1 to 3 mean other things in other commands (docs/exit-codes.md).
    """

    READY = 0
    DOWN = 1
    DEGRADED = 2
    STARTING = 3
    NOT_INSTALLED = 4
    USAGE = 64
    INTERRUPTED = 130


@dataclass(frozen=True)
class Outcome:
    """What one probe found. `useful` is None when nothing was written or computed; `silent` means that no answer came
    in time.
    """

    ready: bool
    useful: bool | None = None
    detail: str = ""
    why: str = ""  # "" when all is well
    silent: bool = False
    refuses: bool = False  # it answers, and says no: a password, a full disk, read only
    starting: bool = False
    degraded: bool = False
    blames: tuple[str, ...] = ()  # kinds of service that it names as the cause
    facts: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True)
class Latency:
    """Milliseconds that a service took to answer: the last time, and percentiles over the window that is remembered."""

    last: float
    p50: float
    p95: float


@dataclass(frozen=True)
class Process:
    """One of a service's processes as its manager knows it; `since` is unix time."""

    name: str
    state: str
    pid: int | None
    since: float | None
    by_person: bool
    detail: str = ""


@dataclass(frozen=True)
class Reading:
    """One service. alive: its processes run; ready: it answers; useful: it wrote, read or computed (None: was not asked
    to).
    """

    service: str
    kind: str
    critical: bool
    state: State
    alive: bool
    ready: bool
    useful: bool | None
    detail: str  # what a person wants to know of it when it is well
    why: str  # why it is not ready, "" when it is
    latency: Latency | None
    age: float | None  # seconds since it was asked
    good: int  # good answers in a row
    bad: int  # bad ones in a row
    silent: bool  # the last probe got no answer in time, which may be slowness
    refuses: bool  # it answered, and said no
    root: str  # the service that is the cause, "" when that is this one
    restarts: int  # in the last hour
    memory: int | None  # bytes, of all its processes
    limit: int | None
    processes: tuple[Process, ...]
    start_seconds: int
    gave_up: str = ""  # why the guard leaves it alone, "" when it does not


@dataclass(frozen=True)
class Gpu:
    """The card as the driver sees it, and whether the engine really uses it.

    Bytes, degrees Celsius, percent; None: not told.
    """

    expected: bool
    used: bool
    said: str  # what the engine's proof says, or why it is on the CPU
    name: str = ""
    utilisation: int | None = None
    memory: int | None = None
    memory_total: int | None = None
    temperature: int | None = None
    driver: str = ""
    library: str = ""
    uvm: bool = True  # /dev/nvidia-uvm is there: without it CUDA programs silently fall back to the CPU
    suspends: int = 0  # since boot; some drivers lose CUDA in a suspend


@dataclass(frozen=True)
class Host:
    """Pressure (share of the last 10 s in which some, or all, tasks waited: percent), the disk of our state, foreign
    holders of our ports.
    """

    cpu_some: float | None
    memory_full: float | None
    io_full: float | None
    disk: str  # the folder measured
    disk_used: float  # percent
    disk_total: int  # bytes
    containers: tuple[str, ...]  # Docker publishes these of our ports


@dataclass(frozen=True)
class Change:
    """Something that became different; `at` is unix time."""

    at: float
    service: str
    text: str


@dataclass(frozen=True)
class Report:
    """Everything at one moment (unix time `at`). `since`: when the oldest process that runs was started."""

    state: State
    services: tuple[Reading, ...]
    gpu: Gpu | None
    host: Host
    at: float
    mode: str
    since: float | None
    change: Change | None
    seconds: float  # that this check took
    trouble: str = ""  # why the manager could not be asked, "" when it could

    @property
    def code(self) -> HealthCode:
        """Return what `omnimind health` exits with."""
        return HealthCode[self.state.name]

    def of(self, service: str) -> Reading | None:
        """Return one service's reading."""
        return next((reading for reading in self.services if reading.service == service), None)
