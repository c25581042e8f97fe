"""Problems in OpenAI's error format.

The problem's own members, and an `error` with message, type, param and code.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from backend.http.errors import ApiProblem

TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
TOKENS = (
    "arrays of token ids are not supported, because the ids depend on one model's vocabulary: send the text "
    "(LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False))"
)


class OpenAIRoute(APIRoute):
    """A route that adds `error` to its problems and to those of its dependencies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that adds it."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except ApiProblem as problem:
                problem.more.setdefault(
                    "error", _error(problem.status, ": ".join(filter(None, (problem.title, problem.detail))))
                )
                raise
            except RequestValidationError as error:
                raise _invalid(error) from error

        return handle


def invalid_parameter(status: int, param: str, message: str, *, code: str | None = None) -> ApiProblem:
    """Return the problem for one invalid parameter."""
    return ApiProblem(status, "the request is not valid", message, more={"error": _error(status, message, param, code)})


def _error(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, object]:
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"message": message, "type": kind, "param": param, "code": code}


def _invalid(error: RequestValidationError) -> ApiProblem:
    """Return a 400, as OpenAI does, that names the first invalid parameter."""
    errors = error.errors()
    locations = [[str(part) for part in entry["loc"] if part not in ("body", "query", "path")] for entry in errors]
    param = next(iter(locations[0]), "body")
    # A value that may be a text or a list of texts fails as both; the last error is the list's.
    location, entry = [
        (location, entry) for location, entry in zip(locations, errors, strict=True) if location[:1] == locations[0][:1]
    ][-1]
    is_tokens = param == "input" and entry["type"] == "string_type" and location[-1].isdigit()
    return invalid_parameter(400, param, TOKENS if is_tokens else f"{param}: {entry['msg']}")
