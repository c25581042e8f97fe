"""The page's application: one request, one file.

Every path that is not a file returns the page itself, which has its own routes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.http.middleware.hosts import NAMES, name_of
from backend.page.cluster import PATH, Cluster
from backend.page.coding import choose
from backend.page.files import HASHED, File
from backend.page.headers import FIXED, Headers, security

METHODS = ("GET", "HEAD")
PAGE = "/index.html"
TEXT = "text/plain; charset=utf-8"
FOREVER, REVALIDATE = "public, max-age=31536000, immutable", "no-cache"
NOT_BUILT = "the page is not built: run `npm ci && npm run build` in frontend/, or install a wheel of omnimind\n"


class Page:
    """ASGI application: the built files, /cluster.json, and the page for all other paths.

    It accepts only names of this machine, as the backends do (DNS rebinding).
    """

    def __init__(self, files: Mapping[str, File], cluster: Cluster, names: Collection[str] = ()) -> None:
        self.names = names
        self.files = files
        self.cluster = cluster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await self.respond(Request(scope))(scope, receive, send)

    def respond(self, request: Request) -> Response:
        """Return the response to one request."""
        name = name_of(request.headers.getlist("host"), self.names)
        if not name:
            return _text(400, FIXED, f"this server accepts only the hosts {', '.join(NAMES)}: use http://localhost\n")
        if request.method not in METHODS:
            headers = {**security(self.cluster, name), "allow": ", ".join(METHODS)}
            return _text(405, headers, "method not allowed: use GET or HEAD\n")
        path = request.scope["path"]
        if path == PATH:
            return _cluster(self.cluster, name)
        file = self.files.get(path) or (self.files.get(PAGE) if _is_route(path, request) else None)
        if not file:
            status, text = (404, "not found\n") if PAGE in self.files else (503, NOT_BUILT)
            return _text(status, security(self.cluster, name), text)
        coding = choose(_list(request, "accept-encoding"), file.bodies)
        return _file(file, coding, self.cluster, name, is_known=_is_known(file, _list(request, "if-none-match")))


def _is_route(path: str, request: Request) -> bool:
    """Return whether a path is a route of the page: an address a person opens, not a file the page loads.

    A missing script is therefore not answered with HTML.
    """
    parts = path.split("/")
    if path.startswith(HASHED) or any(part.startswith(".") for part in parts) or path.endswith(".map"):
        return False
    return "." not in parts[-1] or "text/html" in _list(request, "accept")


@cache
def _file(file: File, coding: str, cluster: Cluster, name: str, *, is_known: bool) -> Response:
    """Return one body of a file, or 304 if the browser has it. Cached, because it is the same for every request."""
    headers = {
        **security(cluster, name),
        "etag": file.etag(coding),
        "cache-control": FOREVER if file.is_hashed else REVALIDATE,
    }
    if len(file.bodies) > 1:
        headers["vary"] = "accept-encoding"
    if is_known:
        return Response(status_code=304, headers=headers)
    if coding:
        headers["content-encoding"] = coding
    return Response(file.bodies[coding], headers={**headers, "content-type": file.kind})


@cache
def _cluster(cluster: Cluster, name: str) -> Response:
    headers = {**security(cluster, name), "cache-control": "no-store", "content-type": "application/json"}
    return Response(cluster.document(name), headers=headers)


def _is_known(file: File, tags: str) -> bool:
    """Return whether the browser has this content, compressed or not."""
    return any(tag.strip() == "*" or tag.strip().removeprefix("W/") in file.etags for tag in tags.split(","))


def _list(request: Request, header: str) -> str:
    """Return the values of all headers with this name, as one list."""
    return ",".join(request.headers.getlist(header))


def _text(status: int, headers: Headers, text: str) -> Response:
    return Response(text, status, {**headers, "cache-control": "no-store", "content-type": TEXT})
