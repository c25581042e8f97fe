"""Text extraction from files: text formats are read, all others are refused by name."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePath

from backend.documents.html import UnreadableError, read_page
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
        return _read_page(text, encoding, name)
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


def _read_page(html: str, encoding: str, name: str) -> ExtractedText:
    try:
        text, title = read_page(html)
    except UnreadableError as error:
        raise ApiProblem(
            422,
            "the page cannot be read",
            f"{name or 'the file'} takes more time or memory to read than a page of its size should",
            fix="send its text instead, as text/plain",
        ) from error
    return ExtractedText(text, encoding, title)
