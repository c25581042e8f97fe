"""Text extraction from files: text formats are read, all others are refused by name."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePath

from backend.http.errors import ApiProblem

TEXT = (
    ".txt",
    ".text",
    ".md",
    ".markdown",
    ".rst",
    ".log",
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".ndjson",
    ".yaml",
    ".yml",
    ".toml",
    ".xml",
    ".html",
    ".htm",
    ".tex",
    ".srt",
)
TYPES = (
    "application/json",
    "application/xml",
    "application/x-ndjson",
    "application/yaml",
    "application/toml",
    "application/xhtml+xml",
)
MAGIC = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that text never contains. Tabs, line and page breaks, and the terminal's escape are allowed."""


@dataclass(frozen=True)
class Text:
    """The text of a file. `encoding` is how it was decoded, `title` the title of an HTML page."""

    text: str
    encoding: str
    title: str = ""


def read(data: bytes, name: str, media_type: str) -> Text:
    """Return the text of a file. Raises a 415 problem that names the actual type.

    Decodes UTF-8, and UTF-16 with a byte order mark. Bytes that are not valid UTF-8 are decoded as Windows-1252, or as
    latin-1 if that fails.
    """
    for magic, kind in MAGIC:
        if data.startswith(magic):
            raise _refused(f"{name or 'the file'} is {kind}")
    suffix, kind = PurePath(name.lower()).suffix, media_type.partition(";")[0].strip().lower()
    if suffix not in TEXT and not kind.startswith("text/") and kind not in TYPES:
        raise _refused(
            f"{name or 'the file'} has no known kind of text: its name ends in {suffix or 'nothing'}, its content type is {kind or 'not told'}"
        )
    text, encoding = _decode(data)
    if found := BINARY.search(text):
        raise _refused(
            f"{name or 'the file'} holds the control character U+{ord(found[0]):04X} at character {found.start()}, so it is no text"
        )
    if suffix in (".html", ".htm") or kind in ("text/html", "application/xhtml+xml"):
        return _page(text, encoding)
    return Text(text, encoding)


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _refused(detail: str) -> ApiProblem:
    return ApiProblem(
        415,
        "the file cannot be read as text",
        detail,
        fix=f"send text: {', '.join(TEXT[:12])}; convert a PDF first, e.g. with pdftotext",
    )


def _page(html: str, encoding: str) -> Text:
    parser = _Words()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t\xa0]+", " ", "".join(parser.words))
    return Text(re.sub(r" ?\n[\s]*\n ?", "\n\n", text).strip(), encoding, " ".join("".join(parser.title).split()))


class _Words(HTMLParser):
    """Extracts the visible text of an HTML page. Block elements become paragraphs."""

    HIDDEN = frozenset(("script", "style", "template", "noscript", "head"))
    BLOCKS = frozenset(
        "address article aside blockquote br dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul".split()  # noqa: SIM905
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.title: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self.HIDDEN or tag == "title":
            self._open.append(tag)
        elif tag in self.BLOCKS:
            self.words.append("\n" if tag in ("br", "td", "th") else "\n\n")
            self._open = [
                name for name in self._open if name not in ("head", "title")
            ]  # a body without its start tag ends the head

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        elif tag in self.BLOCKS:
            self.words.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title.append(data)
        elif not self._open:
            self.words.append(data)
