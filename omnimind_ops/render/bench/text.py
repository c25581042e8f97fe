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
    whole = document["total"]["mean_ms"]
    return (
        f"{row['mean_ms'] / whole:.1%}"
        if row["mean_ms"] is not None and whole and document["case"] in ("embeddings", "search")
        else ""
    )


def rows(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return label and figures of each stage, those of the embedding below their sum."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for row in document["stages"]:
        if row["name"] == EMBEDDING[0] and document.get("embedding"):
            found.append(("embedding", {"name": "embedding", "note": "", **document["embedding"]}))
        inside = row["name"] in EMBEDDING and document.get("embedding")
        found.append((("  " if inside else "") + label(row), row))
    return found


def asked(document: Mapping[str, Any]) -> str:
    """Return the settings: `embeddings · embedded · cpu · 1000 texts, batch 32, 1 caller, cache cold`."""
    chosen = document["settings"]
    parts = [str(document["case"]), str(chosen["target"]), str(document["device"])]
    words = (
        [
            f"{chosen['n']} {'texts' if document['case'] == 'embeddings' else 'questions' if document['case'] == 'search' else 'requests'}"
        ]
        if "n" in chosen
        else []
    )
    words += [f"batch {chosen['batch']}"] if "batch" in chosen else []
    words += (
        [f"{chosen['concurrency']} caller{'' if chosen['concurrency'] == 1 else 's'}"]
        if "concurrency" in chosen
        else []
    )
    words += [f"top {chosen['k']}"] if "k" in chosen else []
    words += [f"{chosen['rate']:g} a second"] if "rate" in chosen else []
    words += [f"cache {chosen['cache']}"] if "cache" in chosen else []
    return " · ".join([*parts, *([", ".join(words)] if words else [])])


def machine(document: Mapping[str, Any]) -> str:
    """Return the machine on one line."""
    one = document["environment"]
    parts = [
        f"{one['cpu']}, {one['cores']} cores, {size(one['memory'])}",
        f"{one['gpu']}, driver {one['driver']}" if one["gpu"] else "no GPU",
    ]
    parts += [f"governor {one['governor']}"] if one["governor"] else []
    return " · ".join(
        [*parts, f"kernel {one['kernel']}", f"omnimind {one['omnimind']}", f"load {one['load'][0]:g} when it began"]
    )


def outcome(document: Mapping[str, Any]) -> str:
    """Return the result: `1000 texts in 31 s · 32.1 texts/s · 3 repeats, stable (cv 2.1 %)`."""
    parts = []
    if (
        (whole := document["elapsed_ms"]["p50_ms"]) is not None
        and document["case"] == "embeddings"
        and document["texts_per_s"]
    ):
        parts.append(f"{document['settings']['n']} texts in {duration(whole / 1000)}")
    rates = [name for name in ("texts_per_s", "queries_per_s", "requests_per_s") if document.get(name) is not None]
    parts += [f"{document[name]:.4g} {name.partition('_')[0]}/s" for name in rates]
    if document.get("recall") is not None:
        parts.append(f"recall@{document['settings']['k']} {document['recall']:.2%}")
    parts.append(f"{document['repeats']} repeat{'' if document['repeats'] == 1 else 's'}, {noise(document)}")
    return " · ".join([*parts, *(["INTERRUPTED"] if document["interrupted"] else [])])


def noise(document: Mapping[str, Any]) -> str:
    """Return the verdict on the noise."""
    cv = document["noise"]["cv"]
    return f"{document['noise']['verdict']} ({'too few to tell' if cv is None else f'medians vary by {cv:.1%}'})"


def added(document: Mapping[str, Any]) -> str:
    """Return the result of the sum check, "" when there is nothing to check."""
    check = document["sum_check"]
    if check["ok"] is None:
        return "" if check["wall_ms"] is None else "the server tells no stages: whether they add up cannot be checked"
    words = (
        f"{abs(check['difference']):.1%} of the time is {'in no stage' if check['difference'] >= 0 else 'told twice'}"
    )
    return (
        f"stages add up: {words}"
        if check["ok"]
        else f"STAGES DO NOT ADD UP: {words} ({ms(check['sum_ms'])} of {ms(check['wall_ms'])} ms)"
    )


def extra(document: Mapping[str, Any]) -> list[str]:
    """Return the sentences that only one case has."""
    if document["case"] == "cluster":
        return _cluster(document)
    if document["case"] == "quantum":
        return [str(line) for line in document["said"]]
    return [str(line) for line in document.get("said", [])]


def _cluster(document: Mapping[str, Any]) -> list[str]:
    service = document["service"]
    lines = [
        f"asked {document['settings']['rate']:g} requests/s, answered {document['requests_per_s']:.4g}/s; {document['lost']} of {document['requests']} lost, {document['retried']} answered by another backend"
    ]
    lines += [
        f"from when they were sent, not due: p50 {ms(service['p50_ms'])}, p99 {ms(service['p99_ms'])} ms (hides what a stalled server costs)"
    ]
    lines += [
        f"{one['url']}: {one['answers']} answers by {', '.join(one['workers']) or 'nobody'}, p50 {ms(one['p50_ms'])}, p99 {ms(one['p99_ms'])} ms"
        for one in document["backends"]
    ]
    lines += [f"{why}: {count}" for why, count in document["errors"].items()]
    if killed := document.get("killed"):
        longest = (
            f"the longest wait after it was {ms(killed['longest_ms'])} ms"
            if killed["longest_ms"] is not None
            else "nothing was asked after it"
        )
        lines.append(
            f"{killed['service']} was killed ({', '.join(killed['processes'])}) after {killed['at_s']:.1f} s: {longest}"
        )
    return lines
