"""The visible text of an HTML page. A page can be made so that every parser takes minutes over it.

So a process of its own parses it, which has limits on time and memory (`python -m backend.documents.html`): the page on
standard input, `{"text", "title"}` as JSON on standard output. The parser is Python's: lxml drops what is nested deeper
than 256 levels, selectolax takes 140 s for 180,000 nested elements.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from html.parser import HTMLParser

CPU_SECONDS = 5
CPU_SECONDS_PER_MB = 2
"""Ordinary markup takes 0.7 s for each."""
WALL_FACTOR = 4
MEMORY_BYTES = 1 << 30


class UnreadableError(Exception):
    """The page takes too long to read, or too much memory."""


def read_page(html: str) -> tuple[str, str]:
    """Return the text and the title of a page; UnreadableError beyond the limits. Blocks until it is done."""
    data = html.encode()
    seconds = CPU_SECONDS + CPU_SECONDS_PER_MB * len(data) // 1_000_000
    words = (sys.executable, "-P", "-m", "backend.documents.html", str(seconds))
    try:
        done = subprocess.run(words, input=data, capture_output=True, timeout=WALL_FACTOR * seconds, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise UnreadableError from error
    page = json.loads(done.stdout)
    return page["text"], page["title"]


def parse(html: str) -> tuple[str, str]:
    """Return the text and the title of a page."""
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t\xa0]+", " ", "".join(parser.text))
    return re.sub(r" ?\n[\s]*\n ?", "\n\n", text).strip(), " ".join("".join(parser.title).split())


class _TextParser(HTMLParser):
    """Extracts the visible text of an HTML page. Block elements become paragraphs."""

    HIDDEN_TAGS = frozenset(("script", "style", "template", "noscript", "head"))
    BLOCK_TAGS = frozenset(
        (  # noqa: SIM905
            "address article aside blockquote br dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr"
            " li main nav ol p pre section table td th tr ul"
        ).split()
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.title: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self.HIDDEN_TAGS or tag == "title":
            self._open.append(tag)
        elif tag in self.BLOCK_TAGS:
            self.text.append("\n" if tag in ("br", "td", "th") else "\n\n")
            self._open = [
                name for name in self._open if name not in ("head", "title")
            ]  # a body without its start tag ends the head

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        elif tag in self.BLOCK_TAGS:
            self.text.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title.append(data)
        elif not self._open:
            self.text.append(data)


def main() -> None:
    """Be the process that parses."""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    text, title = parse(sys.stdin.buffer.read().decode())
    sys.stdout.write(json.dumps({"text": text, "title": title}))


if __name__ == "__main__":
    main()
