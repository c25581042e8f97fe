"""Multipart forms, read as they arrive: nothing is kept in memory and nothing is written beside the place it belongs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.requests import Request

from backend.http.errors import ApiProblem

MOST_PARTS = 100
ENVELOPE = 1024 * 1024
"""Bytes that a form may have around its file."""


@dataclass(frozen=True)
class Part:
    """The head of one part; `filename` is None for a plain field."""

    name: str
    filename: str | None
    media_type: str


def is_form(request: Request) -> bool:
    """Tell whether a request's body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def parts(request: Request, seen: Callable[[bytes], object] = lambda _: None) -> AsyncIterator[Part | bytes]:
    """Yield each part's head, then its data piece by piece; `seen` gets the body as it came. 400 for a form that is broken or cut off."""
    from python_multipart.exceptions import MultipartParseError

    reader = _Reader(request.headers.get("content-type", ""))
    try:
        async for data in request.stream():
            seen(data)
            reader.parser.write(data)
            for event in reader.take():
                yield event
    except MultipartParseError as error:
        raise _broken(str(error)) from error
    if not reader.is_whole:
        raise _broken("it ended before its last boundary")


def _broken(detail: str) -> ApiProblem:
    return ApiProblem(400, "the form is broken", detail, fix="send multipart/form-data with its boundary, whole")


class _Reader:
    """The parser's callbacks as a list of events."""

    def __init__(self, content_type: str) -> None:
        from python_multipart.multipart import MultipartParser, parse_options_header

        _, options = parse_options_header(content_type)
        if b"boundary" not in options:
            raise _broken("its content type names no boundary")
        self.is_whole = False
        self._events: list[Part | bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._count = 0
        self._options = parse_options_header
        self.parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_head,
                "on_end": self._on_end,
            },
        )

    def take(self) -> list[Part | bytes]:
        """Return what has come since the last time."""
        taken, self._events = self._events, []
        return taken

    def _begin(self) -> None:
        self._count += 1
        self._headers = {}
        if self._count > MOST_PARTS:
            raise _broken(f"it has more than {MOST_PARTS} parts")

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_head(self) -> None:
        _, options = self._options(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise _broken("a part has no name")
        filename = options.get(b"filename")
        words = (options[b"name"], filename if filename is not None else b"", self._headers.get(b"content-type", b""))
        name, file, media_type = (word.decode("utf-8", errors="replace") for word in words)
        self._events.append(Part(name, file if filename is not None else None, media_type))

    def _on_end(self) -> None:
        self.is_whole = True
