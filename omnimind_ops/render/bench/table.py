"""Draw a benchmark's document as lines that fit a width. Pure.

The lines are the settings, the table of stages, the histogram, the comparison and the requirements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from omnimind_ops.render.bench.text import (
    HEADS,
    KEYS,
    case_lines,
    describe_machine,
    describe_request,
    describe_result,
    describe_sum,
    ms,
    note,
    rows,
    share,
)
from omnimind_ops.render.sheet import Sheet

WIDE = 116
"""Width in columns from which notes are in their rows."""
NUMBER = 8
BAR = 40
ASCII = {"·": "|", "█": "#", "–": "-", "σ": "sd", "×": "x", "✓": "ok", "✗": "NO", "…": "...", "→": "->", "µ": "u"}
Document = Mapping[str, Any]


def draw(document: Document, sheet: Sheet) -> list[Text]:
    """Return all lines, none wider than the sheet."""
    lines = [
        Text(f"omnimind bench {describe_request(document)}", "bold"),
        Text(describe_machine(document), "dim"),
        Text(),
    ]
    if document["total"]["p50_ms"] is None:
        lines.append(Text("nothing was measured", "bold red"))
    else:
        lines += _table(document, sheet)
        lines += [Text(), *_outcome(document), Text(), *_histogram(document, sheet)]
    for part in (_comparison(document), _requirements(document)):
        lines += [Text(), *part] if part else []
    return [piece for line in lines for piece in _fit(line, sheet)]


def _table(document: Document, sheet: Sheet) -> list[Text]:
    entries = rows(document)
    width = max([len(name) for name, _ in entries] + [12]) + 1
    has_shares = any(share(row, document) for _, row in entries)
    lines = [
        Text(
            "ms".ljust(width)
            + "".join(head.rjust(NUMBER) for head in HEADS)
            + ("share".rjust(NUMBER) if has_shares else ""),
            "dim",
        )
    ]
    notes: list[Text] = []
    for name, row in entries:
        line = Text(name.ljust(width), "dim" if name.startswith("  ") else "")
        if row["p50_ms"] is None:
            line.append(f"  {row['note'] or 'not reported'}", "dim")
        else:
            line.append("".join(ms(row[key]).rjust(NUMBER) for key in KEYS)).append(
                share(row, document).rjust(NUMBER), "cyan"
            )
            remark = note(row)
            if remark and sheet.width >= WIDE and sheet.width - line.cell_len - 2 >= len(remark):
                line.append(f"  {remark}", "dim")
            elif remark:
                notes.append(Text(f"{name.strip()}: {remark}", "dim"))
        lines.append(line)
    total = document["total"]
    lines.append(Text("total".ljust(width) + "".join(ms(total[key]).rjust(NUMBER) for key in KEYS), "bold"))
    return [*lines, *notes]


def _outcome(document: Document) -> list[Text]:
    lines = [Text(describe_result(document), "bold")]
    if text := describe_sum(document):
        lines.append(Text(text, "bold red" if document["sum_check"]["ok"] is False else "dim"))
    if document["noise"]["verdict"] != "stable":
        lines.append(Text("unstable: treat the figures with care, or measure longer on an idle machine", "yellow"))
    return lines + [Text(line) for line in case_lines(document)]


def _histogram(document: Document, sheet: Sheet) -> list[Text]:
    buckets = document["histogram"]
    most = max((count for _, _, count in buckets), default=0)
    bar_width = min(BAR, sheet.width - 32)
    lines = []
    for low, high, count in buckets:
        bar = "█" * max(round(count / most * bar_width), 1 if count else 0)
        lines.append(Text.assemble((f"{ms(low):>8} – {ms(high):<8} ms ", "dim"), (bar, "cyan"), f" {count}"))
    return lines


def _comparison(document: Document) -> list[Text]:
    comparison = document.get("comparison")
    if not comparison:
        return []
    lines = [
        Text.assemble(
            ("against ", ""),
            (str(comparison["baseline"]), "bold"),
            f" ({comparison['made'][:10]}): ",
            (str(comparison["verdict"]), "bold"),
            f"; medians in ms, noise {comparison['noise']:.0%}",
        )
    ]
    width = max(len(str(row["name"])) for row in comparison["rows"]) + 1 if comparison["rows"] else 0
    for row in comparison["rows"]:
        change = f"{ms(row['before_ms']):>9} → {ms(row['now_ms']):<9}{row['ratio']:>7.2f} ×  {row['verdict']}"
        text = f"{row['name']:<{width}}{change}"
        style = "green" if "× faster" in row["verdict"] else "red" if "slower" in row["verdict"] else "dim"
        lines.append(Text(text, f"bold {style}" if row["name"] == "total" else style))
    return lines + [
        Text(note, "yellow")
        for note in (*comparison["notes"], *(f"different: {text}" for text in comparison["differences"]))
    ]


def _requirements(document: Document) -> list[Text]:
    lines = []
    for requirement in document.get("requirements", []):
        is_met, value = requirement["ok"], requirement["found"]
        measured = "not measured" if value is None else f"measured {value:.4g}"
        style = "green" if is_met else "bold red"
        lines.append(Text(f"{'✓' if is_met else '✗'} {requirement['text']}: {measured}", style))
    return lines


def _fit(line: Text, sheet: Sheet) -> list[Text]:
    """Wrap a line to the sheet's width; on a terminal without UTF-8, show its symbols in ASCII."""
    if sheet.ascii:
        for mark, plain in ASCII.items():
            while (at := line.plain.find(mark)) >= 0:
                line = Text.assemble(line[:at], plain, line[at + 1 :])
    if line.cell_len <= sheet.width:
        return [line]
    from rich.console import Console

    pieces = list(line.wrap(Console(width=sheet.width), sheet.width))
    for piece in pieces:
        piece.rstrip()
    return pieces
