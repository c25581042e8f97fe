"""Text extraction from files: text formats are read, all others are refused by name."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePath

from backend.http.errors import ApiProblem

TEXT_SUFFIXES = (
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
TEXT_TYPES = (
    "application/json",
    "application/xml",
    "application/x-ndjson",
    "application/yaml",
    "application/toml",
    "application/xhtml+xml",
)
BINARY_SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "a legacy Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "an executable"),
)
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that text never contains. Tabs, line and page breaks, and the terminal's escape are allowed."""


@dataclass(frozen=True)
class ExtractedText:
    """The text of a file. `encoding` is how it was decoded, `title` the title of an HTML page."""

    text: str
    encoding: str
    title: str = ""


def extract_text(data: bytes, name: str, media_type: str) -> ExtractedText:
    """Return the text of a file. Raises a 415 problem that names the actual type.

    Decodes UTF-8, and UTF-16 with a byte order mark. Bytes that are not valid UTF-8 are decoded as Windows-1252, or as
    latin-1 if that fails.
    """
    for signature, kind in BINARY_SIGNATURES:
        if data.startswith(signature):
            raise _unsupported(f"{name or 'the file'} is {kind}")
    suffix, kind = PurePath(name.lower()).suffix, media_type.partition(";")[0].strip().lower()
    if suffix not in TEXT_SUFFIXES and not kind.startswith("text/") and kind not in TEXT_TYPES:
        raise _unsupported(
            f"{name or 'the file'} is not in a known text format: its suffix is {suffix or 'missing'},"
            f" its content type is {kind or 'missing'}"
        )
    text, encoding = _decode(data)
    if control := CONTROL_CHARACTERS.search(text):
        raise _unsupported(
            f"{name or 'the file'} contains the control character U+{ord(control[0]):04X}"
            f" at position {control.start()}, so it is not text"
        )
    if suffix in (".html", ".htm") or kind in ("text/html", "application/xhtml+xml"):
        return _extract_html(text, encoding)
    return ExtractedText(text, encoding)


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _unsupported(detail: str) -> ApiProblem:
    return ApiProblem(
        415,
        "the file cannot be read as text",
        detail,
        fix=f"send a text file: {', '.join(TEXT_SUFFIXES[:12])}; convert a PDF first, e.g. with pdftotext",
    )


def _extract_html(html: str, encoding: str) -> ExtractedText:
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t\xa0]+", " ", "".join(parser.text))
    return ExtractedText(
        re.sub(r" ?\n[\s]*\n ?", "\n\n", text).strip(), encoding, " ".join("".join(parser.title).split())
    )


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
