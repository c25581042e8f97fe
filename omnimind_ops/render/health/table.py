"""Draw a Report as lines that fit a width: header, a row for each service, GPU, HOST, and warnings.

Pure.
"""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from omnimind_ops.model.health import Gpu, Host, Reading, Report, State
from omnimind_ops.render.health.text import WELL, gave_up, since
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
CPU_INSTEAD = "gpu expected but running on cpu"
_UNITS = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))


def draw(report: Report, sheet: Sheet, selected: str = "") -> list[Text]:
    """Return all lines, none wider than the sheet; `selected` is marked."""
    lines = [header(report, sheet), Text()]
    lines += _table(report, sheet, selected)
    lines += [_gpu(report.gpu)] if report.gpu else []
    lines += [_host(report.host)]
    lines += [Text(f"! {text}", "bold red") for text in gave_up(report)]
    lines += [Text(f"! the manager cannot be asked: {report.trouble}", "bold red")] if report.trouble else []
    return [fit(line, sheet) for line in lines]


def header(report: Report, sheet: Sheet) -> Text:
    """Return `omnimind · up 3 h 12 min · READY 9/9 · last change 14:02 backend-8080 restarted`."""
    ready = sum(one.state in WELL for one in report.services)
    text = Text.assemble(("omnimind", "bold"), f" {report.mode}")
    if report.since is not None:
        text.append(f" · up {since(report.since, report.at)}")
    text.append(" · ").append(f"{str(report.state).upper()} {ready}/{len(report.services)}", STYLES[report.state])
    if report.change:
        at, service = datetime.fromtimestamp(report.change.at).astimezone(), report.change.service
        what = (
            report.change.text if report.change.text.startswith(service) else f"{service} {report.change.text}"
        )  # a process's text starts with its name
        text.append(f" · last change {at:%H:%M} {what}", "dim")
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
    names = max([len(one.service) for one in report.services] + [7])
    heads = [
        ("SERVICE", names + 2),
        ("STATE", 10),
        ("p50/p95", 10) if is_wide else ("p50/95", 7),
        ("CHECK", 9),
        ("RST 1h", 6) if is_wide else ("RST", 3),
    ]
    heads += [("MEM / MAX", 11) if is_wide else ("MEM", 4), ("DETAIL", 0)]
    lines = [Text(" ".join(name.ljust(width) for name, width in heads).rstrip(), "dim")]
    for one in report.services:
        cells = (
            _name(one, selected),
            _state(one),
            _latency(one, is_wide),
            _check(one),
            _restarts(one),
            _memory(one, is_wide),
            _detail(one),
        )
        line = Text()
        for cell, (_, width) in zip(cells, heads, strict=True):
            if width:
                cell.truncate(width, pad=True)
                cell.append(" ")
            line.append_text(cell)
        if one.service == selected:
            line.stylize("reverse", 0, names + 2)
        lines.append(line)
    return lines


def _name(one: Reading, selected: str) -> Text:
    return Text(("▸ " if one.service == selected else "  ") + one.service, "bold" if one.critical else "")


def _state(one: Reading) -> Text:
    return Text(f"{MARKS[one.state]} {one.state}", STYLES[one.state])


def _latency(one: Reading, is_wide: bool) -> Text:
    return Text(f"{one.latency.p50:.0f}/{one.latency.p95:.0f}{' ms' if is_wide else ''}" if one.latency else "-")


def _check(one: Reading) -> Text:
    if one.age is None:
        return Text("-", "dim")
    word = f"{one.bad} bad" if one.bad else "ok"
    return Text(f"{word} {one.age:.0f}s", "yellow" if one.bad or one.age > 60 else "")


def _restarts(one: Reading) -> Text:
    return Text(f"{one.restarts}".rjust(3), "yellow" if one.restarts else "dim")


def _memory(one: Reading, is_wide: bool) -> Text:
    if one.memory is None:
        return Text("-", "dim")
    near = one.limit is not None and one.memory > 0.9 * one.limit
    text = size(one.memory) + (f" / {size(one.limit)}" if is_wide and one.limit else "")
    return Text(text, "bold red" if near else "")


def _detail(one: Reading) -> Text:
    if one.root and one.why:
        return Text.assemble((f"waits for {one.root}: ", "yellow"), (one.why.removeprefix(f"{one.root}: "), "dim"))
    return Text(one.why, STYLES[one.state]) if one.why else Text(one.detail, "dim")


def _gpu(gpu: Gpu) -> Text:
    text, is_missed = Text("GPU  ", "bold"), gpu.expected and not gpu.used
    if is_missed:
        text.append(CPU_INSTEAD.upper(), "bold white on red").append(" · ")
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
    return text.append(f" · {gpu.said}" if is_missed and gpu.said and gpu.said.lower() != CPU_INSTEAD else "", "red")


def _host(host: Host) -> Text:
    text = Text("HOST ", "bold")
    text.append(f"DOCKER HOLDS {', '.join(host.containers)} · " if host.containers else "", "bold red")
    for name, value, much in (
        ("cpu some", host.cpu_some, 60.0),
        ("mem full", host.memory_full, 10.0),
        ("io full", host.io_full, 40.0),
    ):
        text.append(
            f"{name} {value:.0f} % · " if value is not None else "",
            "yellow" if value is not None and value >= much else "",
        )
    text.append(
        f"{host.disk} {host.disk_used:.0f} % of {size(host.disk_total)}", "bold red" if host.disk_used >= DISK else ""
    )
    return text.append("" if host.containers else " · docker: none of our ports", "dim")


def size(count: float) -> str:
    """Return bytes as `210M`, `1.0G` (powers of 1024, as for memory limits)."""
    for unit, letter in _UNITS:
        if count >= unit:
            value = count / unit
            return f"{value:.1f}{letter}" if value < 9.95 and letter == "G" else f"{value:.0f}{letter}"
    return f"{count:.0f}B"
