"""Times, names and sentences of a benchmark's document, shared by the table on the terminal, Markdown and the plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.bench.stages import EMBEDDING
from omnimind_ops.render.format import duration, size

LABELS = {"tcp": "TCP", "qdrant": "Qdrant", "redis": "Redis", "postgres": "PostgreSQL"}
HEADS = ("p50", "p95", "p99", "min", "max", "σ", "per run")
KEYS = ("p50_ms", "p95_ms", "p99_ms", "min_ms", "max_ms", "sd_ms", "total_ms")


def ms(value: float | None) -> str:
    """Return milliseconds with a reasonable number of digits: 0.15, 12.3, 1234; "–" for None."""
    if value is None:
        return "–"
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}" if abs(value) < 999.95 else f"{value:.0f}"


def label(row: Mapping[str, Any]) -> str:
    """Return a stage's label; for Redis and Qdrant it includes whether they were cold or warm."""
    name, state = str(row["name"]), _state(row)
    return LABELS.get(name, name) + (f" ({state})" if state else "")


def note(row: Mapping[str, Any]) -> str:
    """Return the remaining note of a row."""
    text, state = str(row["note"]), _state(row)
    return text.removeprefix(state).lstrip(":;, ") if state else text


def _state(row: Mapping[str, Any]) -> str:
    state = str(row["note"]).partition(":")[0] if row["name"] in ("redis", "qdrant") else ""
    return state if state in ("cold", "warm", "off") else ""


def share(row: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Return a row's share of the total, "" if it is unknown."""
    total = document["total"]["mean_ms"]
    return (
        f"{row['mean_ms'] / total:.1%}"
        if row["mean_ms"] is not None and total and document["case"] in ("embeddings", "search")
        else ""
    )


def rows(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return label and figures of each stage, those of the embedding below their sum."""
    entries: list[tuple[str, Mapping[str, Any]]] = []
    for row in document["stages"]:
        if row["name"] == EMBEDDING[0] and document.get("embedding"):
            entries.append(("embedding", {"name": "embedding", "note": "", **document["embedding"]}))
        inside = row["name"] in EMBEDDING and document.get("embedding")
        entries.append((("  " if inside else "") + label(row), row))
    return entries


def describe_request(document: Mapping[str, Any]) -> str:
    """Return what was measured: `embeddings · embedded · cpu · 1000 texts, batch 32, 1 caller, cache cold`."""
    settings = document["settings"]
    parts = [str(document["case"]), str(settings["target"]), str(document["device"])]
    kind = {"embeddings": "texts", "search": "questions"}.get(document["case"], "requests")
    details = [f"{settings['n']} {kind}"] if "n" in settings else []
    details += [f"batch {settings['batch']}"] if "batch" in settings else []
    details += (
        [f"{settings['concurrency']} caller{'' if settings['concurrency'] == 1 else 's'}"]
        if "concurrency" in settings
        else []
    )
    details += [f"top {settings['k']}"] if "k" in settings else []
    details += [f"{settings['rate']:g} a second"] if "rate" in settings else []
    details += [f"cache {settings['cache']}"] if "cache" in settings else []
    return " · ".join([*parts, *([", ".join(details)] if details else [])])


def describe_machine(document: Mapping[str, Any]) -> str:
    """Return the machine on one line."""
    environment = document["environment"]
    parts = [
        f"{environment['cpu']}, {environment['cores']} cores, {size(environment['memory'])}",
        f"{environment['gpu']}, driver {environment['driver']}" if environment["gpu"] else "no GPU",
    ]
    parts += [f"governor {environment['governor']}"] if environment["governor"] else []
    return " · ".join(
        [
            *parts,
            f"kernel {environment['kernel']}",
            f"omnimind {environment['omnimind']}",
            f"load {environment['load'][0]:g} at the start",
        ]
    )


def describe_result(document: Mapping[str, Any]) -> str:
    """Return the result: `1000 texts in 31 s · 32.1 texts/s · 3 repeats, stable (cv 2.1 %)`."""
    parts = []
    if (
        (elapsed := document["elapsed_ms"]["p50_ms"]) is not None
        and document["case"] == "embeddings"
        and document["texts_per_s"]
    ):
        parts.append(f"{document['settings']['n']} texts in {duration(elapsed / 1000)}")
    rates = [name for name in ("texts_per_s", "queries_per_s", "requests_per_s") if document.get(name) is not None]
    parts += [f"{document[name]:.4g} {name.partition('_')[0]}/s" for name in rates]
    if document.get("recall") is not None:
        parts.append(f"recall@{document['settings']['k']} {document['recall']:.2%}")
    parts.append(f"{document['repeats']} repeat{'' if document['repeats'] == 1 else 's'}, {noise(document)}")
    return " · ".join([*parts, *(["INTERRUPTED"] if document["interrupted"] else [])])


def noise(document: Mapping[str, Any]) -> str:
    """Return the verdict on the noise."""
    cv = document["noise"]["cv"]
    return f"{document['noise']['verdict']} ({'too few repeats' if cv is None else f'medians vary by {cv:.1%}'})"


def describe_sum(document: Mapping[str, Any]) -> str:
    """Return the result of the sum check, "" when there is nothing to check."""
    check = document["sum_check"]
    if check["ok"] is None:
        return "" if check["wall_ms"] is None else "the server reports no stages, so their sum cannot be checked"
    kind = "unaccounted" if check["difference"] >= 0 else "counted twice"
    difference = f"{abs(check['difference']):.1%} of the time is {kind}"
    return (
        f"stages add up: {difference}"
        if check["ok"]
        else f"STAGES DO NOT ADD UP: {difference} ({ms(check['sum_ms'])} of {ms(check['wall_ms'])} ms)"
    )


def case_lines(document: Mapping[str, Any]) -> list[str]:
    """Return the sentences that only one case has."""
    if document["case"] == "cluster":
        return _cluster(document)
    if document["case"] == "quantum":
        return [str(line) for line in document["said"]]
    return [str(line) for line in document.get("said", [])]


def _cluster(document: Mapping[str, Any]) -> list[str]:
    service = document["service"]
    lines = [
        f"{document['settings']['rate']:g} requests/s sent, {document['requests_per_s']:.4g}/s answered; "
        f"{document['lost']} of {document['requests']} lost, {document['retried']} answered by another backend",
        f"measured from when they were sent, not due: p50 {ms(service['p50_ms'])}, p99 {ms(service['p99_ms'])} ms "
        "(hides the cost of a stalled server)",
    ]
    lines += [_backend(backend) for backend in document["backends"]]
    lines += [f"{why}: {count}" for why, count in document["errors"].items()]
    if killed := document.get("killed"):
        longest = (
            f"the longest response after that took {ms(killed['longest_ms'])} ms"
            if killed["longest_ms"] is not None
            else "no request followed"
        )
        lines.append(
            f"{killed['service']} was killed ({', '.join(killed['processes'])}) after {killed['at_s']:.1f} s: {longest}"
        )
    return lines


def _backend(backend: Mapping[str, Any]) -> str:
    workers = ", ".join(backend["workers"]) or "no worker"
    times = f"p50 {ms(backend['p50_ms'])}, p99 {ms(backend['p99_ms'])} ms"
    return f"{backend['url']}: {backend['answers']} answers by {workers}, {times}"
