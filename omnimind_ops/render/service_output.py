"""Print the results of up, down, status and logs to stdout; with `json`, one object per line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from omnimind_ops.model.json import JSON
from omnimind_ops.model.system import ports_by_service
from omnimind_ops.render.format import duration, size

if TYPE_CHECKING:
    from rich.text import Text

    from omnimind_ops.flows.startup.bring_up import Up
    from omnimind_ops.flows.status import ServiceStatus

_STYLES = {
    "running": "green",
    "starting": "cyan",
    "stopping": "cyan",
    "backoff": "yellow",
    "stopped": "dim",
    "failed": "bold red",
}


def up_text(done: Up) -> str:
    """Return the result of `omnimind up`: state, duration, and what delayed it."""
    world, state = done.world, done.report.state
    if not done.changed:
        return f"already running, 0 changes; OmniMind is {state}: {done.url}"
    parts = [f"OmniMind is {state} after {duration(done.seconds)}: {done.url}"]
    if done.slowest:
        parts.append(f"slowest: {done.slowest.name}, {duration(done.slowest.took)}")
    if not done.pressure.is_low:
        parts.append(done.pressure.summary)
    if done.chain:
        from omnimind_ops.flows.startup.critical_chain import lines

        parts += ["", "critical chain (@ time when ready, + own start time):", *lines(done.chain)]
    parts += [
        f"{reading.service} is {reading.state}: {reading.why}"
        for reading in done.report.services
        if reading.why and str(reading.state) != "ready"
    ]
    if world.standin:
        parts.append("Qdrant: the stand-in, on Qdrant's own storage engine")
    return "\n".join(parts)


def up_data(done: Up) -> dict[str, JSON]:
    """Return the result of `omnimind up` for machines."""
    services: list[JSON] = [
        {"name": link.name, "began": round(link.began, 3), "ready": round(link.ready, 3)}
        for link in done.links.values()
    ]
    chain: list[JSON] = [
        {"name": link.name, "ready": round(link.ready, 3), "took": round(link.took, 3)} for link in done.chain
    ]
    world, pressure = done.world, done.pressure
    return {
        "state": str(done.report.state),
        "mode": str(world.mode),
        "changes": done.changed,
        "seconds": round(done.seconds, 3),
        "url": done.url,
        "ports": ports_by_service(world.system),
        "slowest": done.slowest.name if done.slowest else None,
        "steps": services,
        "chain": chain,
        "calm": {"calm": pressure.is_low, "seconds": round(pressure.seconds, 3), "said": pressure.summary},
        "qdrant": "stand-in" if world.standin else "qdrant",
    }


def status(rows: Sequence[ServiceStatus], mode: str, *, json: bool) -> None:
    """Print the services and their processes."""
    if json:
        from omnimind_ops.model.event import Result
        from omnimind_ops.render.jsonl import json_line

        result = Result("status", {"mode": mode, "services": [_row(row) for row in rows]})
        sys.stdout.write(json_line(result) + "\n")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for name in ("service", "state", "processes", "uptime", "restarts", "memory", "address", "detail"):
        table.add_column(name, no_wrap=name != "detail", justify="right" if name in ("restarts", "memory") else "left")
    for row in rows:
        table.add_row(*_cells(row))
    Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False, emoji=False, markup=False
    ).print(table)


def logs(lines: Iterable[tuple[str, str]], *, named: bool, json: bool) -> None:
    """Print lines as they arrive; `named`: each after the name of its process."""
    import json as encoder

    for name, text in lines:
        output = (
            encoder.dumps({"process": name, "line": text}, ensure_ascii=False)
            if json
            else f"{name} | {text}"
            if named
            else text
        )
        sys.stdout.write(output + "\n")
        sys.stdout.flush()


def _row(row: ServiceStatus) -> Mapping[str, JSON]:
    processes: list[JSON] = [
        {
            "name": process.name,
            "state": process.state,
            "pid": process.pid or None,
            "since": process.since,
            "restarts": process.restarts,
            "memory_bytes": process.memory_bytes,
            "memory_limit": process.memory_limit,
            "by_person": process.by_person,
            "detail": process.detail,
        }
        for process in row.processes
    ]
    service = row.service
    where: dict[str, JSON] = {"port": service.port, "socket": service.socket, "data": service.data}
    return {
        "name": service.name,
        "kind": str(service.kind),
        "critical": service.critical,
        "state": row.state,
        **where,
        "processes": processes,
    }


def _cells(row: ServiceStatus) -> tuple[str | Text, ...]:
    from rich.text import Text

    running = [process for process in row.processes if process.state == "running"]
    youngest = max((process.since for process in running if process.since), default=None)
    memory, limit = (
        sum(number or 0 for number in numbers)
        for numbers in (
            [process.memory_bytes for process in row.processes],
            [process.memory_limit for process in row.processes],
        )
    )
    detail = "; ".join(
        dict.fromkeys(
            f"{process.name}: {process.detail}" if len(row.processes) > 1 else process.detail
            for process in row.processes
            if process.detail
        )
    )
    return (
        Text(row.service.name, "bold"),
        Text(row.state, _STYLES.get(row.state, "")),
        f"{len(running)}/{len(row.processes)}" if len(row.processes) > 1 else str(row.processes[0].pid or "-"),
        duration(time.time() - youngest) if youngest else "-",
        str(sum(process.restarts for process in row.processes)),
        (size(memory) if memory else "-") + (f" / {size(limit)}" if limit else ""),
        f"127.0.0.1:{row.service.port}" if row.service.port else row.service.socket or "",
        Text(detail, "dim"),
    )
