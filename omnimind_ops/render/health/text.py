"""A Report as one line, as JSON, and as Prometheus text. Without rich, so that it starts fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from omnimind_ops.model.health import Gpu, Reading, Report, State
from omnimind_ops.model.json import JSON
from omnimind_ops.render.format import duration

WELL = (State.READY, State.DEGRADED)


def line(report: Report) -> str:
    """Return the state and every cause: `degraded 8/9 ready · engine: gpu expected but running on cpu`.

    Services that are down because of another one are only listed.
    """
    parts = [f"{report.state} {_ready(report)} ready"]
    parts += [f"manager: {report.trouble}"] if report.trouble else []
    ill = [one for one in report.services if one.why]
    parts += [f"{one.service}: {one.why}" for one in ill if not one.root]
    victims = [one.service for one in ill if one.root]
    parts += [f"because of it: {', '.join(victims)}"] if victims else []
    parts += [f"the guard gave up on {one.service}" for one in report.services if one.gave_up]
    return " · ".join(parts)


def _ready(report: Report) -> str:
    return f"{sum(one.state in WELL for one in report.services)}/{len(report.services)}"


def data(report: Report) -> dict[str, JSON]:
    """Return the whole report; documented in docs/health.md.

    The keys are {"state", "code", "at", "services": […], "gpu", "host", "change", …}.
    """
    body = asdict(report)
    at = datetime.fromtimestamp(report.at).astimezone()
    return {
        **body,
        "at": at.isoformat(timespec="milliseconds"),
        "code": int(report.code),
        "seconds": round(report.seconds, 4),
    }


def since(at: float, now: float) -> str:
    """Return the time since a unix time, in words."""
    return duration(max(0.0, now - at))


def prometheus(report: Report) -> str:
    """Return node_exporter's textfile format: one sample per line, each metric with its help and type."""
    text = []
    for name, help_, samples in _metrics(report):
        lines = [
            f"omnimind_{name}{{{labels}}} {value:.15g}" if labels else f"omnimind_{name} {value:.15g}"
            for labels, value in samples
        ]
        text += [f"# HELP omnimind_{name} {help_}", f"# TYPE omnimind_{name} gauge", *lines] if lines else []
    return "\n".join([*text, ""])


Samples = list[tuple[str, float]]


def _metrics(report: Report) -> Iterator[tuple[str, str, Samples]]:
    every = report.services
    yield "health", "Exit code of omnimind health: 0 ready, 1 down, 2 degraded, 3 starting.", [("", report.code)]
    yield "health_timestamp_seconds", "When this was measured.", [("", report.at)]
    yield (
        "service_state",
        "1 for the state that a service is in.",
        [(f'{_of(one)},state="{state}"', one.state is state) for one in every for state in State],
    )
    yield (
        "service_useful",
        "Whether its deep probe did real work.",
        [(_of(one), bool(one.useful)) for one in every if one.useful is not None],
    )
    yield (
        "service_latency_seconds",
        "Time of the last answer.",
        [(_of(one), one.latency.last / 1000) for one in every if one.latency],
    )
    yield (
        "service_check_age_seconds",
        "Age of the last answer.",
        [(_of(one), one.age) for one in every if one.age is not None],
    )
    yield "service_restarts", "Restarts in the last hour.", [(_of(one), one.restarts) for one in every]
    yield (
        "service_memory_bytes",
        "Memory of all its processes.",
        [(_of(one), one.memory) for one in every if one.memory],
    )
    yield "service_gave_up", "Whether the guard leaves it alone.", [(_of(one), bool(one.gave_up)) for one in every]
    yield from _gpu(report.gpu)
    host = report.host
    pressure = {"cpu_some": host.cpu_some, "memory_full": host.memory_full, "io_full": host.io_full}
    yield (
        "host_pressure_percent",
        "Share of 10 s in which tasks waited.",
        [(f'kind="{key}"', value) for key, value in pressure.items() if value is not None],
    )
    yield "disk_used_percent", "Use of the disk of our state.", [(f'folder="{_escaped(host.disk)}"', host.disk_used)]


def _gpu(gpu: Gpu | None) -> Iterator[tuple[str, str, Samples]]:
    if gpu is None:
        return
    yield "gpu_expected", "Whether the engine should work on the GPU.", [("", gpu.expected)]
    yield "gpu_used", "Whether it does.", [("", gpu.used)]
    for name in ("utilisation", "memory", "memory_total", "temperature"):
        value = getattr(gpu, name)
        yield (
            f"gpu_{name}",
            f"The card's {name.replace('_', ' ')}, as NVML tells it.",
            [("", value)] if value is not None else [],
        )


def _escaped(text: str) -> str:
    """Return text escaped for a label's value."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _of(reading: Reading) -> str:
    return f'service="{reading.service}"'


def gave_up(report: Report) -> tuple[str, ...]:
    """Return a sentence for each service that the guard gave up."""
    return tuple(f"the guard gave up on {one.service}: {one.gave_up}" for one in report.services if one.gave_up)
