"""Watch endpoints of a test host from inside while something happens to it:

`probe.py`, started and read from outside.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict

from .host import Host, HostError

PROBE = Path(__file__).with_name("probe.py")
PROBE_INSIDE = "/testhost/probe.py"


class Gap(TypedDict("Gap", {"from": float})):
    """A time without a good answer: seconds since the epoch, and how long."""

    seconds: float


class Tally(TypedDict):
    """One endpoint's result; gaps in seconds."""

    ok: int
    failed: int
    refused: int
    longest_gap: float
    total_gap: float
    silent_at_end: bool
    slowest_answer: float
    gaps: list[Gap]
    errors: dict[str, int]


@dataclass(frozen=True)
class Endpoint:
    """What to ask: a URL for `http`, `host:port` for `redis` and `tcp`.

    `credentials` is a file of the host that may not exist yet.
    """

    name: str
    kind: Literal["http", "redis", "tcp"]
    target: str
    credentials: str | None = None


@dataclass
class Watch:
    """`with Watch(host, endpoints) as watch: …`, then `watch.result[name]["longest_gap"]`."""

    host: Host
    endpoints: Sequence[Endpoint]
    every: float = 0.02
    timeout: float = 2.0
    result: dict[str, Tally] = field(default_factory=dict)
    _client: subprocess.Popen[bytes] | None = None
    _out: str = ""

    def __enter__(self) -> Self:
        self.host.write(PROBE_INSIDE, PROBE.read_text(), 0o755)
        self._out = f"/testhost/probe-{uuid.uuid4().hex[:8]}.json"
        self._client = self.host.popen(probe_words(self.endpoints, self.every, self.timeout, self._out))
        assert self._client.stdout is not None
        if self._client.stdout.readline() != b"watching\n":
            _, outcome = self._client.communicate(timeout=10)
            raise HostError(f"cannot watch {self.host.name}: {outcome.decode(errors='replace')}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client is not None
        _, results = self._client.communicate(timeout=self.timeout + 20)
        if kind is not None:
            return
        if not self.host.exists(self._out):
            raise HostError(f"the probe in {self.host.name} left no result: {results.decode(errors='replace')}")
        self.result = json.loads(self.host.read(self._out))


def probe_words(endpoints: Sequence[Endpoint], every: float, timeout: float, out: str) -> tuple[str, ...]:
    """The command that runs the probe inside."""
    arguments = ["python3", PROBE_INSIDE, f"--every={every}", f"--timeout={timeout}", f"--out={out}"]
    for end in endpoints:
        arguments.append(f"--{end.kind}={end.name}={end.target}")
        arguments += [f"--credentials={end.name}={end.credentials}"] if end.credentials else []
    return tuple(arguments)


# The four published ports of the sample stack, before and after a migration.
STACK_ENDPOINTS = (
    Endpoint("backend", "http", "http://127.0.0.1:8000/health/"),
    Endpoint("frontend", "http", "http://127.0.0.1:3000/"),
    Endpoint("qdrant", "http", "http://127.0.0.1:6333/readyz"),
    Endpoint("redis", "redis", "127.0.0.1:6379"),
)
