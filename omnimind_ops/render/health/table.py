"""Draw a Report as lines that fit a width: header, a row for each service, GPU, HOST, and warnings.

Pure.
"""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from omnimind_ops.model.health import Gpu, Host, Reading, Report, State
from omnimind_ops.render.health.text import USABLE, gave_up, since
from omnimind_ops.render.sheet import Sheet

STYLES = {
    State.READY: "green",
    State.DEGRADED: "bold yellow",
    State.STARTING: "cyan",
    State.DOWN: "bold red",
    State.STOPPED: "dim",
}
MARKS = {State.READY: "✓", State.DEGRADED: "!", State.STARTING: "…", State.DOWN: "✗", State.STOPPED: "–"}
ASCII = {"✓": "+", "…": "~", "✗": "x", "–": "-", "·": "|", "▸": ">", "°": " "}
WIDE = 116
"""Width in columns from which memory limits and longer headings fit."""
HOT, DISK = 83, 85  # degrees at which this family throttles; percent
ON_CPU = "gpu expected but running on cpu"
_UNITS = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))


def draw(report: Report, sheet: Sheet, selected: str = "") -> list[Text]:
    """Return all lines, none wider than the sheet; `selected` is marked."""
    lines = [header(report, sheet), Text()]
    lines += _table(report, sheet, selected)
    lines += [_gpu(report.gpu)] if report.gpu else []
    lines += [_host(report.host)]
    lines += [Text(f"! {text}", "bold red") for text in gave_up(report)]
    lines += [Text(f"! cannot query the manager: {report.trouble}", "bold red")] if report.trouble else []
    return [fit(line, sheet) for line in lines]


def header(report: Report, sheet: Sheet) -> Text:
    """Return `omnimind · up 3 h 12 min · READY 9/9 · last change 14:02 backend-8080 restarted`."""
    ready = sum(reading.state in USABLE for reading in report.services)
    text = Text.assemble(("omnimind", "bold"), f" {report.mode}")
    if report.since is not None:
        text.append(f" · up {since(report.since, report.at)}")
    text.append(" · ").append(f"{str(report.state).upper()} {ready}/{len(report.services)}", STYLES[report.state])
    if report.change:
        at, service = datetime.fromtimestamp(report.change.at).astimezone(), report.change.service
        change = report.change.text  # a process's text starts with its name
        change = change if change.startswith(service) else f"{service} {change}"
        text.append(f" · last change {at:%H:%M} {change}", "dim")
    return fit(text, sheet)


def fit(text: Text, sheet: Sheet) -> Text:
    """Cut a line to the sheet's width; on a terminal without UTF-8, show its symbols in ASCII."""
    if sheet.ascii:
        for mark, plain in ASCII.items():
            while (at := text.plain.find(mark)) >= 0:
                text = Text.assemble(text[:at], plain, text[at + 1 :])
    text.no_wrap = True
    text.truncate(sheet.width, overflow="crop" if sheet.ascii else "ellipsis")
    return text


def _table(report: Report, sheet: Sheet, selected: str) -> list[Text]:
    is_wide = sheet.width >= WIDE
    name_width = max([len(reading.service) for reading in report.services] + [7])
    heads = [
        ("SERVICE", name_width + 2),
        ("STATE", 10),
        ("p50/p95", 10) if is_wide else ("p50/95", 7),
        ("CHECK", 9),
        ("RST 1h", 6) if is_wide else ("RST", 3),
    ]
    heads += [("MEM / MAX", 11) if is_wide else ("MEM", 4), ("DETAIL", 0)]
    lines = [Text(" ".join(name.ljust(width) for name, width in heads).rstrip(), "dim")]
    for reading in report.services:
        cells = (
            _name(reading, selected),
            _state(reading),
            _latency(reading, is_wide),
            _check(reading),
            _restarts(reading),
            _memory(reading, is_wide),
            _detail(reading),
        )
        line = Text()
        for cell, (_, width) in zip(cells, heads, strict=True):
            if width:
                cell.truncate(width, pad=True)
                cell.append(" ")
            line.append_text(cell)
        if reading.service == selected:
            line.stylize("reverse", 0, name_width + 2)
        lines.append(line)
    return lines


def _name(reading: Reading, selected: str) -> Text:
    return Text(("▸ " if reading.service == selected else "  ") + reading.service, "bold" if reading.critical else "")


def _state(reading: Reading) -> Text:
    return Text(f"{MARKS[reading.state]} {reading.state}", STYLES[reading.state])


def _latency(reading: Reading, is_wide: bool) -> Text:
    return Text(
        f"{reading.latency.p50:.0f}/{reading.latency.p95:.0f}{' ms' if is_wide else ''}" if reading.latency else "-"
    )


def _check(reading: Reading) -> Text:
    if reading.age is None:
        return Text("-", "dim")
    result = f"{reading.bad} bad" if reading.bad else "ok"
    return Text(f"{result} {reading.age:.0f}s", "yellow" if reading.bad or reading.age > 60 else "")


def _restarts(reading: Reading) -> Text:
    return Text(f"{reading.restarts}".rjust(3), "yellow" if reading.restarts else "dim")


def _memory(reading: Reading, is_wide: bool) -> Text:
    if reading.memory is None:
        return Text("-", "dim")
    is_near_limit = reading.limit is not None and reading.memory > 0.9 * reading.limit
    text = size(reading.memory) + (f" / {size(reading.limit)}" if is_wide and reading.limit else "")
    return Text(text, "bold red" if is_near_limit else "")


def _detail(reading: Reading) -> Text:
    if reading.root and reading.why:
        return Text.assemble(
            (f"waits for {reading.root}: ", "yellow"), (reading.why.removeprefix(f"{reading.root}: "), "dim")
        )
    return Text(reading.why, STYLES[reading.state]) if reading.why else Text(reading.detail, "dim")


def _gpu(gpu: Gpu) -> Text:
    text, is_idle = Text("GPU  ", "bold"), gpu.expected and not gpu.used
    if is_idle:
        text.append(ON_CPU.upper(), "bold white on red").append(" · ")
    parts = [gpu.name.removeprefix("NVIDIA ").removeprefix("GeForce ")] if gpu.name else []
    parts += [] if gpu.expected else ["not used"]
    parts += [f"util {gpu.utilisation} %"] if gpu.utilisation is not None else []
    parts += [f"mem {size(gpu.memory)}/{size(gpu.memory_total)}"] if gpu.memory is not None and gpu.memory_total else []
    text.append(" · ".join(parts))
    if gpu.temperature is not None:
        text.append(f" · {gpu.temperature} °C", "bold red" if gpu.temperature >= HOT else "")
    if gpu.driver:
        differs = bool(gpu.library) and gpu.library != gpu.driver
        text.append(f" · driver {gpu.driver}").append(
            f" but library {gpu.library}: reboot" if differs else " ✓", "bold red" if differs else "green"
        )
    text.append("" if gpu.uvm else " · /dev/nvidia-uvm is missing", "bold red")
    text.append(f" · {gpu.suspends} suspends since boot" if gpu.suspends else "", "yellow")
    return text.append(f" · {gpu.said}" if is_idle and gpu.said and gpu.said.lower() != ON_CPU else "", "red")


def _host(host: Host) -> Text:
    text = Text("HOST ", "bold")
    text.append(f"DOCKER HOLDS {', '.join(host.containers)} · " if host.containers else "", "bold red")
    for name, value, high in (
        ("cpu some", host.cpu_some, 60.0),
        ("mem full", host.memory_full, 10.0),
        ("io full", host.io_full, 40.0),
    ):
        text.append(
            f"{name} {value:.0f} % · " if value is not None else "",
            "yellow" if value is not None and value >= high else "",
        )
    text.append(
        f"{host.disk} {host.disk_used:.0f} % of {size(host.disk_total)}", "bold red" if host.disk_used >= DISK else ""
    )
    return text.append("" if host.containers else " · no port conflicts with Docker", "dim")


def size(count: float) -> str:
    """Return bytes as `210M`, `1.0G` (powers of 1024, as for memory limits)."""
    for unit, letter in _UNITS:
        if count >= unit:
            value = count / unit
            return f"{value:.1f}{letter}" if value < 9.95 and letter == "G" else f"{value:.0f}{letter}"
    return f"{count:.0f}B"
