"""One file of a multipart body, written to disk as it arrives: snapshots are larger than memory."""

from __future__ import annotations

from pathlib import Path

from multipart import MultipartError, PushMultipartParser, parse_options_header
from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import ApiError

from .access import thread


async def receive(request: Request, target: Path) -> None:
    """Write the first file of the body to `target`; other files are ignored."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise ApiError(400, "Content type error: expected multipart/form-data with the file in `snapshot`")
    ended = 0
    try:
        with (
            target.open("wb") as out,
            PushMultipartParser(options["boundary"].encode("latin-1"), header_charset="latin-1") as parser,
        ):
            async for data in request.stream():
                for event in parser.parse(data) if data else ():
                    if isinstance(event, bytes) and not ended:
                        await thread(out.write, event)
                    ended += event is None
    except MultipartError as error:
        raise ApiError(400, f"Multipart error: {error}") from error
    if not ended:
        raise ApiError(400, "Multipart error: the body has no file")
