"""Error responses in /openapi.json.

Every operation may end with a problem body (RFC 9457), so it is defined here once and not at each route.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.http.errors import MEDIA_TYPE

TAGS = (
    ("auth", "Log in and out. The session is a cookie; scripts send `Authorization: Bearer omt_…` instead."),
    ("users", "Who may do what: reader < writer < admin. For admins."),
    ("tokens", "API tokens for scripts."),
    ("embeddings", "Texts to vectors, also as OpenAI's clients ask for them."),
    ("documents", "Texts and files, cut, embedded and kept."),
    ("search", "Find documents by meaning."),
    ("uploads", "Files, kept as they are."),
    ("quantum", "OpenQASM circuits, simulated."),
    ("history", "What was done on this machine: migrations, recoveries, measurements. Read only."),
    ("operation", "What a person or a program that runs this wants to know."),
    ("health", "Alive, ready, and the deep check. No login."),
)
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: what failed, why, and what to do next; further members hold numbers that a program can read.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "what failed, the same words each time"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "this occurrence"},
        "fix": {"type": "string", "description": "what to do next"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "errors": {
            "type": "array",
            "description": "of a 422: each fault, with a JSON pointer into the body or the name of a parameter",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "in": {"type": "string"},
                },
            },
        },
    },
}


def install(app: FastAPI) -> None:
    """Make the application use this OpenAPI document; it is built on the first request for it."""

    def describe() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # as in FastAPI's documentation


def _describe(app: FastAPI) -> dict[str, Any]:
    tags = [{"name": name, "description": description} for name, description in TAGS]
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=tags)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    for path in document["paths"].values():
        for operation in path.values():
            _errors(operation)
    return document


def _errors(operation: dict[str, Any]) -> None:
    """Add the errors that any operation of its kind can return."""
    responses = operation["responses"]
    responses.pop("422", None)
    statuses = [422] if "parameters" in operation or "requestBody" in operation else []
    statuses += [401, 403, 429] if "security" in operation else []
    for status in (*statuses, 503):
        responses.setdefault(str(status), _problem(HTTPStatus(status).phrase))
    responses["default"] = _problem("Any other error")


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
