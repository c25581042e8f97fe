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
        return f"everything runs already, 0 changes; OmniMind is {state}: {done.url}"
    parts = [f"OmniMind is {state} after {duration(done.seconds)}: {done.url}"]
    if done.slowest:
        parts.append(f"slowest: {done.slowest.name}, {duration(done.slowest.took)}")
    if not done.pressure.is_low:
        parts.append(done.pressure.summary)
    if done.chain:
        from omnimind_ops.flows.startup.critical_chain import lines

        parts += ["", "what delayed it (@ when it was ready, + how long it took itself):", *lines(done.chain)]
    parts += [
        f"{one.service} is {one.state}: {one.why}"
        for one in done.report.services
        if one.why and str(one.state) != "ready"
    ]
    if world.standin:
        parts.append("Qdrant: the stand-in over Qdrant's own storage engine")
    return "\n".join(parts)


def up_data(done: Up) -> dict[str, JSON]:
    """Return the result of `omnimind up` for machines."""
    services: list[JSON] = [
        {"name": one.name, "began": round(one.began, 3), "ready": round(one.ready, 3)} for one in done.links.values()
    ]
    chain: list[JSON] = [
        {"name": one.name, "ready": round(one.ready, 3), "took": round(one.took, 3)} for one in done.chain
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
    for name in ("service", "state", "processes", "up", "restarts", "memory", "where", "detail"):
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
        said = (
            encoder.dumps({"process": name, "line": text}, ensure_ascii=False)
            if json
            else f"{name} | {text}"
            if named
            else text
        )
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


def _row(row: ServiceStatus) -> Mapping[str, JSON]:
    processes: list[JSON] = [
        {
            "name": one.name,
            "state": one.state,
            "pid": one.pid or None,
            "since": one.since,
            "restarts": one.restarts,
            "memory_bytes": one.memory_bytes,
            "memory_limit": one.memory_limit,
            "by_person": one.by_person,
            "detail": one.detail,
        }
        for one in row.processes
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

    running = [one for one in row.processes if one.state == "running"]
    youngest = max((one.since for one in running if one.since), default=None)
    memory, limit = (
        sum(number or 0 for number in numbers)
        for numbers in ([o.memory_bytes for o in row.processes], [o.memory_limit for o in row.processes])
    )
    detail = "; ".join(
        dict.fromkeys(
            f"{one.name}: {one.detail}" if len(row.processes) > 1 else one.detail for one in row.processes if one.detail
        )
    )
    return (
        Text(row.service.name, "bold"),
        Text(row.state, _STYLES.get(row.state, "")),
        f"{len(running)}/{len(row.processes)}" if len(row.processes) > 1 else str(row.processes[0].pid or "-"),
        duration(time.time() - youngest) if youngest else "-",
        str(sum(one.restarts for one in row.processes)),
        (size(memory) if memory else "-") + (f" / {size(limit)}" if limit else ""),
        f"127.0.0.1:{row.service.port}" if row.service.port else row.service.socket or "",
        Text(detail, "dim"),
    )
