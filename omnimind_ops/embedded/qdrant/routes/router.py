"""Routes with the real server's matching: the undecoded path and one method; anything else is 404."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from starlette.routing import Match, Route
from starlette.types import Scope


class Exact(Route):
    """A route that tells `%2F` in a name from `/` between names, and accepts only its own method."""

    def __init__(self, path: str, endpoint: Any, methods: list[str]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.methods = set(methods)  # without the HEAD that GET adds

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the undecoded path; names in it are decoded afterwards."""
        if scope["type"] != "http":
            return Match.NONE, {}
        match, child = super().matches({**scope, "path": as_sent(scope), "root_path": ""})
        if match is not Match.FULL:
            return Match.NONE, {}
        values = {**scope.get("path_params", {}), **child["path_params"]}
        return match, {**child, "path_params": {key: unquote(value) for key, value in values.items()}}


def as_sent(scope: Scope) -> str:
    """Return the path before decoding, without double slashes and a trailing slash."""
    raw = scope.get("raw_path") or str(scope["path"]).encode()
    path = raw.decode("ascii", "replace").partition("?")[0]
    return re.sub("/+", "/", path).rstrip("/") or "/"
