"""Problem bodies for every error of a route: our own, FastAPI's validation errors, and Starlette's 404 and 405."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Match
from starlette.websockets import WebSocket

from backend.http.errors import MEDIA_TYPE, ApiProblem

MAX_ERRORS = 50
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def install(app: FastAPI) -> None:
    """Make the application answer errors with problems."""
    for kind in (ApiProblem, HTTPException, RequestValidationError):
        app.add_exception_handler(
            kind, cast(Any, _answer)
        )  # one handler for HTTP and WebSockets, which Starlette's types do not allow


async def _answer(connection: HTTPConnection, error: Exception) -> Response | None:
    problem = _problem(error)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = ", ".join(_methods(connection))
    response = Response(_body(problem, connection.url.path), problem.status, problem.headers, MEDIA_TYPE)
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(response)
        return None
    return response


def _methods(connection: HTTPConnection) -> list[str]:
    """Return the methods allowed on this path.

    If several routes share a path, the router reports only the first one's methods; RFC 9110 (15.5.6) requires all.
    """
    scope = {"type": "http", "path": connection.scope["path"], "root_path": connection.scope.get("root_path", "")}
    return [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in connection.app.routes)
    ]


def _problem(error: Exception) -> ApiProblem:
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, RequestValidationError):
        return invalid(error.errors())
    http = cast(HTTPException, error)
    phrase = HTTPStatus(http.status_code).phrase
    return ApiProblem(
        http.status_code, phrase.lower(), "" if http.detail == phrase else str(http.detail), headers=http.headers
    )


def invalid(faults: Any) -> ApiProblem:
    """Return the 422, with one entry for each fault: its place and its message, never the value.

    The place is a JSON pointer for a body, otherwise the name of a parameter.
    """
    errors = [_fault(fault) for fault in faults[:MAX_ERRORS]]
    return ApiProblem(
        422,
        "the request is not valid",
        f"invalid values: {len(faults)}",
        fix="see `errors` for each value, and /openapi.json for the schema",
        more={"errors": errors},
    )


def _fault(fault: Any) -> dict[str, str]:
    where, *path = (str(part) for part in fault["loc"]) if fault["loc"] else ("body",)
    place = (
        {"pointer": "".join(f"/{_escaped(part)}" for part in path)}
        if where == "body"
        else {"parameter": ".".join(path), "in": where}
    )
    return {"detail": fault["msg"], **place}


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _body(problem: ApiProblem, path: str) -> bytes:
    import orjson

    return orjson.dumps(problem.body(path), default=str)
