"""Streaming parser of multipart forms: nothing is buffered in memory or in temporary files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from backend.http.errors import ApiProblem

if TYPE_CHECKING:
    from multipart import MultipartSegment, PushMultipartParser

MAX_PARTS = 100
MAX_BOUNDARY = 256
FORM_OVERHEAD = 1024 * 1024
"""Bytes that a form may add to its file."""


@dataclass(frozen=True)
class Part:
    """The head of one part; `filename` is None for a plain field."""

    name: str
    filename: str | None
    media_type: str


def is_form(request: Request) -> bool:
    """Return whether a request's body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def parts(request: Request, on_data: Callable[[bytes], object] = lambda _: None) -> AsyncIterator[Part | bytes]:
    """Yield each part's head, then its data in pieces. `on_data` receives the raw body.

    Raises 400 if the form is broken or truncated.
    """
    from multipart import MultipartError, ParserLimitReached

    parser, count = _parser(request.headers.get("content-type", "")), 0
    try:
        async for data in request.stream():
            on_data(data)
            for event in parser.parse(data) if data else ():  # empty data would signal the end of the form
                if isinstance(event, bytes):
                    yield event
                elif event:
                    count += 1
                    yield _part(event)
    except ParserLimitReached as error:
        raise _broken(f"it has more than {MAX_PARTS} parts" if count == MAX_PARTS else str(error)) from error
    except MultipartError as error:
        raise _broken(str(error)) from error
    try:
        parser.close()
    except MultipartError as error:
        raise _broken("it ended before its last boundary") from error


def _parser(content_type: str) -> PushMultipartParser:
    """Return the parser of a form.

    It decodes headers as latin-1, which maps every byte; `_text` decodes them as UTF-8.
    """
    from multipart import PushMultipartParser, parse_options_header

    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1")
    if not boundary:
        raise _broken("its content type names no boundary")
    if len(boundary) > MAX_BOUNDARY:
        raise _broken(f"its boundary has more than {MAX_BOUNDARY} bytes")
    return PushMultipartParser(boundary, max_segment_count=MAX_PARTS, header_charset="latin-1")


def _part(segment: MultipartSegment) -> Part:
    if not segment.name:
        raise _broken("a part has no name")
    filename = None if segment.filename is None else _text(segment.filename)
    return Part(_text(segment.name), filename, _text(segment.header("Content-Type", "")))


def _text(header: str) -> str:
    return header.encode("latin-1").decode("utf-8", errors="replace")


def _broken(detail: str) -> ApiProblem:
    return ApiProblem(
        400, "the form is broken", detail, fix="send a complete multipart/form-data body with its boundary"
    )
