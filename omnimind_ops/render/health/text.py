"""A Report as one line, as JSON, and as Prometheus text. Without rich, so that it starts fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from omnimind_ops.model.health import Gpu, Host, Reading, Report, State
from omnimind_ops.model.json import JSON
from omnimind_ops.render.format import duration

USABLE = (State.READY, State.DEGRADED)


def line(report: Report) -> str:
    """Return the state and every cause: `degraded 8/9 ready · engine: gpu expected but running on cpu`.

    Services that are down because of another one are only listed.
    """
    parts = [f"{report.state} {_ready(report)} ready"]
    parts += [f"manager: {report.trouble}"] if report.trouble else []
    impaired = [reading for reading in report.services if reading.why]
    parts += [f"{reading.service}: {reading.why}" for reading in impaired if not reading.root]
    affected = [reading.service for reading in impaired if reading.root]
    parts += [f"also affected: {', '.join(affected)}"] if affected else []
    parts += [f"the guard gave up on {reading.service}" for reading in report.services if reading.gave_up]
    return " · ".join(parts)


def _ready(report: Report) -> str:
    return f"{sum(reading.state in USABLE for reading in report.services)}/{len(report.services)}"


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
    yield "health", "Exit code of omnimind health: 0 ready, 1 down, 2 degraded, 3 starting.", [("", report.code)]
    yield "health_timestamp_seconds", "Time of the check.", [("", report.at)]
    yield from _services(report.services)
    yield from _gpu(report.gpu)
    yield from _host(report.host)


def _services(readings: Sequence[Reading]) -> Iterator[tuple[str, str, Samples]]:
    yield (
        "service_state",
        "1 for the state that a service is in.",
        [(f'{_labels(reading)},state="{state}"', reading.state is state) for reading in readings for state in State],
    )
    yield (
        "service_useful",
        "1 when the deep probe did real work.",
        [(_labels(reading), bool(reading.useful)) for reading in readings if reading.useful is not None],
    )
    yield (
        "service_latency_seconds",
        "Response time of the last probe.",
        [(_labels(reading), reading.latency.last / 1000) for reading in readings if reading.latency],
    )
    yield (
        "service_check_age_seconds",
        "Age of the last probe.",
        [(_labels(reading), reading.age) for reading in readings if reading.age is not None],
    )
    yield (
        "service_restarts",
        "Restarts in the last hour.",
        [(_labels(reading), reading.restarts) for reading in readings],
    )
    yield (
        "service_memory_bytes",
        "Memory of all processes of a service.",
        [(_labels(reading), reading.memory) for reading in readings if reading.memory],
    )
    yield (
        "service_gave_up",
        "1 when the guard has given up on a service.",
        [(_labels(reading), bool(reading.gave_up)) for reading in readings],
    )


def _gpu(gpu: Gpu | None) -> Iterator[tuple[str, str, Samples]]:
    if gpu is None:
        return
    yield "gpu_expected", "1 when the engine is expected to use the GPU.", [("", gpu.expected)]
    yield "gpu_used", "1 when the engine uses the GPU.", [("", gpu.used)]
    for name in ("utilisation", "memory", "memory_total", "temperature"):
        value = getattr(gpu, name)
        yield (
            f"gpu_{name}",
            f"The card's {name.replace('_', ' ')}, as reported by NVML.",
            [("", value)] if value is not None else [],
        )


def _host(host: Host) -> Iterator[tuple[str, str, Samples]]:
    pressure = {"cpu_some": host.cpu_some, "memory_full": host.memory_full, "io_full": host.io_full}
    yield (
        "host_pressure_percent",
        "Share of the last 10 s in which tasks waited.",
        [(f'kind="{key}"', value) for key, value in pressure.items() if value is not None],
    )
    yield (
        "disk_used_percent",
        "Used space of the disk that holds OmniMind's state.",
        [(f'folder="{_escaped(host.disk)}"', host.disk_used)],
    )


def _escaped(text: str) -> str:
    """Return text escaped for a label's value."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels(reading: Reading) -> str:
    return f'service="{reading.service}"'


def gave_up(report: Report) -> tuple[str, ...]:
    """Return a sentence for each service that the guard gave up."""
    return tuple(
        f"the guard gave up on {reading.service}: {reading.gave_up}" for reading in report.services if reading.gave_up
    )
