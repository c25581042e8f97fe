"""One file out of a multipart body, written to the disk as it comes: snapshots are larger than memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from omnimind_ops.embedded.qdrant.errors import ApiError

from .access import thread

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


async def receive(request: Request, target: Path) -> None:
    """Write the first file of the body to `target`."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise ApiError(400, "Content type error: expected multipart/form-data with the file in `snapshot`")
    upload = _Upload()
    parser = MultipartParser(options[b"boundary"], upload.callbacks())
    with target.open("wb") as out:
        async for part in request.stream():
            parser.write(part)
            for chunk in upload.take():
                await thread(out.write, chunk)
        parser.finalize()
    if not upload.finished:
        raise ApiError(400, "Multipart error: the body has no complete file")


class _Upload:
    """Collects the data of the first part; others are passed over."""

    def __init__(self) -> None:
        self.parts = 0
        self.finished = False
        self.chunks: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {"on_part_begin": self.begin, "on_part_data": self.data, "on_part_end": self.end}

    def begin(self) -> None:
        self.parts += 1

    def data(self, data: bytes, start: int, end: int) -> None:
        if self.parts == 1:
            self.chunks.append(data[start:end])

    def end(self) -> None:
        self.finished = True

    def take(self) -> list[bytes]:
        taken, self.chunks = self.chunks, []
        return taken
