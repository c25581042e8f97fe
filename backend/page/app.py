"""The application: one request, one file. Every path that is not a file is the page itself, which has routes of its own."""

from __future__ import annotations

from collections.abc import Mapping

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from backend.http.middleware.hosts import NAMES, name_of
from backend.page.cluster import PATH, Cluster
from backend.page.coding import choose
from backend.page.files import HASHED, File
from backend.page.headers import FIXED, Headers, security

METHODS = ("GET", "HEAD")
PAGE = "/index.html"
TEXT = "text/plain; charset=utf-8"
FOREVER, ASK = b"public, max-age=31536000, immutable", b"no-cache"
MISSING = b"the page is not built: run `npm ci && npm run build` in frontend/, or install a wheel of omnimind\n"


class Page:
    """ASGI: the built files, /cluster.json, and the page for all other paths. The names of this machine only, as for the backends (DNS rebinding)."""

    def __init__(self, files: Mapping[str, File], cluster: Cluster) -> None:
        self.files = files
        self.cluster = cluster

    async def __call__(self, scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            status, headers, body = self.answer(scope["method"], scope["path"], _headers(scope))
            await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
            await send(
                {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False}
            )

    def answer(self, method: str, path: str, asked: Mapping[str, list[str]]) -> tuple[int, Headers, bytes]:
        """Return status, headers and body."""
        name = name_of(asked.get("host", []))
        if not name:
            return _text(
                400, [*FIXED], f"this server answers only to {', '.join(NAMES)}: use http://localhost\n".encode()
            )
        headers = security(self.cluster, name)
        if method not in METHODS:
            return _text(
                405, [*headers, (b"allow", ", ".join(METHODS).encode())], b"this is a page: it can only be read\n"
            )
        if path == PATH:
            return _whole(
                200, [*headers, (b"cache-control", b"no-store")], "application/json", self.cluster.document(name)
            )
        found = self.files.get(path) or (self.files.get(PAGE) if _is_route(path, asked) else None)
        if found:
            return _file(found, headers, asked)
        return _text(503, headers, MISSING) if PAGE not in self.files else _text(404, headers, b"not found\n")


def _is_route(path: str, asked: Mapping[str, list[str]]) -> bool:
    """Tell whether a path is one of the page's own: what a person opens, not what the page loads. So a missing script is not HTML."""
    parts = path.split("/")
    if path.startswith(HASHED) or any(part.startswith(".") for part in parts) or path.endswith(".map"):
        return False
    return "." not in parts[-1] or "text/html" in ",".join(asked.get("accept", []))


def _file(found: File, headers: Headers, asked: Mapping[str, list[str]]) -> tuple[int, Headers, bytes]:
    coding = choose(",".join(asked.get("accept-encoding", [])), found.bodies)
    headers += [(b"etag", found.etag(coding).encode()), (b"cache-control", FOREVER if found.is_hashed else ASK)]
    if len(found.bodies) > 1:
        headers.append((b"vary", b"accept-encoding"))
    if _is_known(found, ",".join(asked.get("if-none-match", []))):
        return 304, headers, b""
    if coding:
        headers.append((b"content-encoding", coding.encode()))
    return _whole(200, headers, found.kind, found.bodies[coding])


def _is_known(found: File, tags: str) -> bool:
    """Tell whether the browser has this very content: compressed or not is no difference to it."""
    return any(tag.strip() == "*" or tag.strip().removeprefix("W/") in found.etags for tag in tags.split(","))


def _headers(scope: HTTPScope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in scope["headers"]:
        found.setdefault(key.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _whole(status: int, headers: Headers, kind: str, body: bytes) -> tuple[int, Headers, bytes]:
    return status, [*headers, (b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())], body


def _text(status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    return _whole(status, [*headers, (b"cache-control", b"no-store")], TEXT, body)
