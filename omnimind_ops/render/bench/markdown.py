"""A benchmark's document as Markdown, for a report or a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.render.bench.text import HEADS, KEYS, added, asked, extra, machine, ms, note, outcome, rows, share
from omnimind_ops.tools.markdown import table


def markdown(document: Mapping[str, Any]) -> str:
    """Return the Markdown, ending with a newline."""
    lines = [f"### {asked(document)}", "", f"{document['made'][:10]} · {machine(document)}", ""]
    found = [
        (
            name.strip(),
            *(ms(row[key]) for key in KEYS),
            share(row, document),
            note(row) if row["p50_ms"] is not None else str(row["note"]),
        )
        for name, row in rows(document)
    ]
    found.append(("**total**", *(f"**{ms(document['total'][key])}**" for key in KEYS), "", ""))
    lines += table(("ms", *HEADS, "share", ""), found)
    lines += ["", f"**{outcome(document)}**"]
    lines += [f"\n{line}" for line in (added(document), *extra(document)) if line]
    if compared := document.get("comparison"):
        lines += ["", f"Against `{compared['baseline']}` ({compared['made'][:10]}): {compared['verdict']}", ""]
        cells: list[tuple[str, ...]] = [
            (str(row["name"]), ms(row["before_ms"]), ms(row["now_ms"]), f"{row['ratio']:.2f}", str(row["verdict"]))
            for row in compared["rows"]
        ]
        lines += table(("median ms", "before", "now", "ratio", "verdict"), cells)
        lines += [f"\n{note}" for note in (*compared["notes"], *compared["differences"])]
    lines += [
        f"\n{'✓' if one['ok'] else '✗'} `{one['text']}`: found {one['found']}"
        for one in document.get("requirements", [])
    ]
    return "\n".join(lines) + "\n"
