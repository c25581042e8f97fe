"""`python -m backend.page`: the built page, static files and nothing else."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from backend.server import serve
from omnimind_ops.paths import data

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' http://127.0.0.1:* http://localhost:*"),
)
PORT = 3000


class Page:
    """Serves the files of one folder, all read at the start; a path without a file gets index.html, as the page has routes of its own."""

    def __init__(self, folder: Path) -> None:
        self.files = {f"/{file.relative_to(folder)}": file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}

    async def __call__(self, scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return None
        if scope["method"] not in ("GET", "HEAD"):
            return await _send(send, 405, b"", [(b"allow", b"GET, HEAD")])
        path = scope["path"]
        if path not in self.files and "." not in path.rpartition("/")[2]:
            path = "/index.html"
        body = self.files.get(path)
        if body is None:
            return await _send(send, 404, b"not found\n", [(b"content-type", b"text/plain")])
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        # Built files carry a hash in their names; the page itself must be asked for each time.
        cache = b"public, max-age=31536000, immutable" if path.startswith("/assets/") else b"no-cache"
        headers = [(b"content-type", kind.encode()), (b"cache-control", cache), (b"content-length", str(len(body)).encode())]
        return await _send(send, 200, b"" if scope["method"] == "HEAD" else body, headers)


async def _send(send: ASGISendCallable, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *HEADERS], "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


if __name__ == "__main__":
    serve(Page(data("frontend")), int(os.environ.get("OMNIMIND_PORT", PORT)))
