"""A benchmark's document as Markdown, for a report or a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from omnimind_ops.tools.markdown import table


def markdown(document: Mapping[str, Any]) -> str:
    """Return the Markdown, ending with a newline."""
    lines = [f"### {describe_request(document)}", "", f"{document['made'][:10]} · {describe_machine(document)}", ""]
    cells = [
        (
            name.strip(),
            *(ms(row[key]) for key in KEYS),
            share(row, document),
            note(row) if row["p50_ms"] is not None else str(row["note"]),
        )
        for name, row in rows(document)
    ]
    cells.append(("**total**", *(f"**{ms(document['total'][key])}**" for key in KEYS), "", ""))
    lines += table(("ms", *HEADS, "share", ""), cells)
    lines += ["", f"**{describe_result(document)}**"]
    lines += [f"\n{line}" for line in (describe_sum(document), *case_lines(document)) if line]
    if compared := document.get("comparison"):
        lines += ["", f"Against `{compared['baseline']}` ({compared['made'][:10]}): {compared['verdict']}", ""]
        compared_cells: list[tuple[str, ...]] = [
            (str(row["name"]), ms(row["before_ms"]), ms(row["now_ms"]), f"{row['ratio']:.2f}", str(row["verdict"]))
            for row in compared["rows"]
        ]
        lines += table(("median ms", "before", "now", "ratio", "verdict"), compared_cells)
        lines += [f"\n{note}" for note in (*compared["notes"], *compared["differences"])]
    lines += [
        f"\n{'✓' if requirement['ok'] else '✗'} `{requirement['text']}`: measured {requirement['found']}"
        for requirement in document.get("requirements", [])
    ]
    return "\n".join(lines) + "\n"
