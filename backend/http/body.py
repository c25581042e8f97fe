"""Strict parsing of JSON bodies.

pydantic parses a megabyte of texts in a millisecond, so handing it to a thread would be slower.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from backend.http.errors import ApiProblem
from backend.http.timing import Timing

MANY_BYTES = 64 * 1024
MAX_FIELDS = 100
"""More than any schema has. A body of MANY_BYTES or less cannot have so many that they cost much."""
Schema = TypeVar("Schema", bound=BaseModel)


def json_body(schema: type[Schema]) -> Callable[[Request], Awaitable[Schema]]:
    """Return the dependency that parses a request's body as `schema`.

    It raises 415 for a body that is not JSON, 422 for one that does not match.
    """

    async def read(request: Request) -> Schema:
        require_json(request)
        timing: Timing = request.scope["omnimind.timing"]
        with timing.stage("receive"):
            data = await request.body()
        with timing.stage("parse"):
            return parse(schema, data)

    return read


def require_json(request: Request) -> None:
    """Raise 415 unless the body is declared as JSON.

    A form on another site could send anything else without a CORS preflight.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise ApiProblem(
            415,
            "the body must be JSON",
            f"its content type is {kind or 'missing'}",
            fix="send it with content-type: application/json",
        )


def parse(schema: type[Schema], data: bytes) -> Schema:
    """Return the body as `schema`. Raises RequestValidationError if it does not match."""
    if len(data) > MANY_BYTES and data.count(b'":') > MAX_FIELDS:
        _refuse_many_fields(data)
    try:
        return schema.model_validate_json(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**entry, "loc": ("body", *entry["loc"])} for entry in errors]) from error


def _refuse_many_fields(data: bytes) -> None:
    """Raise 422 for an object with more fields than any schema has: pydantic makes an error object of each."""
    import orjson

    try:
        members = orjson.loads(data)
    except ValueError:
        return  # pydantic says what is wrong with it
    if isinstance(members, dict) and len(members) > MAX_FIELDS:
        raise ApiProblem(
            422, "too many fields", f"the body has {len(members)} fields", fix="see /openapi.json for the schema"
        )


def openapi_body(schema: type[BaseModel], other_types: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the OpenAPI description of a body parsed here; `other_types` are the schemas of further content types."""
    content = {
        kind: {"schema": body_schema}
        for kind, body_schema in {"application/json": schema.model_json_schema(), **(other_types or {})}.items()
    }
    return {"requestBody": {"required": True, "content": content}}
