"""Print results of `omnimind bench`: the document for people, as JSON or as Markdown, and its schema.

Output goes to stdout.
"""

from __future__ import annotations

import json as encoder
import sys
import time
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Any

WIDE = 120
"""Width in columns of output to a file or a pipe."""


def result(document: Mapping[str, Any], *, json: bool, markdown: bool) -> None:
    """Print one document."""
    if json:
        _write(encoder.dumps(document, ensure_ascii=False) + "\n")
        return
    if markdown:
        from omnimind_ops.render.bench.markdown import markdown as as_markdown

        _write(as_markdown(document))
        return
    from rich.console import Console

    from omnimind_ops.render.bench.table import draw
    from omnimind_ops.render.sheet import Sheet

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, emoji=False, markup=False)
    sheet = Sheet(console.width, 0, time.monotonic(), ascii=not console.encoding.lower().startswith("utf"))
    for line in draw(document, sheet):
        console.print(line, soft_wrap=True)


def schema(document: Mapping[str, Any]) -> None:
    """Print the JSON Schema."""
    _write(encoder.dumps(document, indent=1, ensure_ascii=False) + "\n")


def note(text: str) -> None:
    """Print a note on stderr, beside the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
