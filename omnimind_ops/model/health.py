"""Health: of each service (Reading), the GPU, the host, and the whole (Report).

HealthCode: exit codes of `omnimind health`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from omnimind_ops.model.json import JSON


class State(StrEnum):
    """State of a service or of the whole system."""

    READY = "ready"
    DEGRADED = "degraded"  # impaired: on the CPU although a GPU is expected, read-only, restarting repeatedly
    STARTING = "starting"
    DOWN = "down"
    STOPPED = "stopped"  # of a service: a person stopped it


class HealthCode(IntEnum):
    """Exit codes of `omnimind health` only.

    1 to 3 have other meanings in other commands (docs/exit-codes.md).
    """

    READY = 0
    DOWN = 1
    DEGRADED = 2
    STARTING = 3
    NOT_INSTALLED = 4
    USAGE = 64
    INTERRUPTED = 130


@dataclass(frozen=True)
class WorkerCheck:
    """How a worker's own connections to one service work. `why` says why it cannot use the service, "" if it can."""

    why: str = ""
    latency: float = 0.0  # ms
    age: float = 0.0  # s


@dataclass(frozen=True)
class WorkerReport:
    """What one worker of a backend reports: its number, and how it can use each kind of service."""

    worker: str
    ready: bool
    checks: Mapping[str, WorkerCheck]
    why: str = ""  # why it is not ready, if it names no service
    starting: bool = False

    @property
    def failures(self) -> dict[str, str]:
        """Return the kinds of service that it cannot use, each with the reason."""
        return {kind: check.why for kind, check in self.checks.items() if check.why}


@dataclass(frozen=True)
class Outcome:
    """Result of one probe.

    `useful` is None when nothing was written or computed; `silent` means that no answer came in time.
    """

    ready: bool
    useful: bool | None = None
    detail: str = ""
    why: str = ""  # "" when all is well
    silent: bool = False
    refuses: bool = False  # it answers with a refusal: a password, a full disk, read-only
    starting: bool = False
    degraded: bool = False
    blames: tuple[str, ...] = ()  # kinds of service that it names as the cause
    facts: Mapping[str, JSON] = field(default_factory=dict)
    reports: tuple[WorkerReport, ...] = ()  # of a backend: one for each worker that answered


@dataclass(frozen=True)
class Latency:
    """Response times of a service in milliseconds: the last one, and percentiles over the stored window."""

    last: float
    p50: float
    p95: float


@dataclass(frozen=True)
class Process:
    """One of a service's processes as reported by its manager; `since` is unix time."""

    name: str
    state: str
    pid: int | None
    since: float | None
    by_person: bool
    detail: str = ""


@dataclass(frozen=True)
class Reading:
    """Health of one service.

    alive: its processes run; ready: it answers; useful: it wrote, read or computed (None: not tested).
    """

    service: str
    kind: str
    critical: bool
    state: State
    alive: bool
    ready: bool
    useful: bool | None
    detail: str  # details for a healthy service
    why: str  # why it is not ready, "" when it is
    latency: Latency | None
    age: float | None  # seconds since the last probe
    good: int  # consecutive good answers
    bad: int  # consecutive bad answers
    silent: bool  # the last probe got no answer in time, which may be slowness
    refuses: bool  # it answered with a refusal
    root: str  # the service that is the cause, "" when that is this one
    restarts: int  # in the last hour
    memory: int | None  # bytes, of all its processes
    limit: int | None
    processes: tuple[Process, ...]
    start_seconds: int
    gave_up: str = ""  # why the guard gave it up, "" when it did not


@dataclass(frozen=True)
class Gpu:
    """The card as the driver sees it, and whether the engine really uses it.

    Bytes, degrees Celsius, percent; None: not reported.
    """

    expected: bool
    used: bool
    said: str  # result of the engine's self-test, or why it is on the CPU
    name: str = ""
    utilisation: int | None = None
    memory: int | None = None
    memory_total: int | None = None
    temperature: int | None = None
    driver: str = ""
    library: str = ""
    uvm: bool = True  # /dev/nvidia-uvm exists: without it CUDA programs silently fall back to the CPU
    suspends: int = 0  # since boot; some drivers lose CUDA in a suspend


@dataclass(frozen=True)
class Host:
    """Health of the host.

    Pressure (share of the last 10 s in which some, or all, tasks waited, in percent), the disk of OmniMind's state, and
    containers that hold OmniMind's ports.
    """

    cpu_some: float | None
    memory_full: float | None
    io_full: float | None
    disk: str  # the folder measured
    disk_used: float  # percent
    disk_total: int  # bytes
    containers: tuple[str, ...]  # containers that publish OmniMind's ports


@dataclass(frozen=True)
class Change:
    """A change of state; `at` is unix time."""

    at: float
    service: str
    text: str


@dataclass(frozen=True)
class Report:
    """Health of everything at one moment (unix time `at`). `since` is the start of the oldest running process."""

    state: State
    services: tuple[Reading, ...]
    gpu: Gpu | None
    host: Host
    at: float
    mode: str
    since: float | None
    change: Change | None
    seconds: float  # duration of this check
    trouble: str = ""  # why the manager did not answer, "" when it did

    @property
    def code(self) -> HealthCode:
        """Return the exit code of `omnimind health`."""
        return HealthCode[self.state.name]

    def of(self, service: str) -> Reading | None:
        """Return one service's reading, None if there is none."""
        return next((reading for reading in self.services if reading.service == service), None)
