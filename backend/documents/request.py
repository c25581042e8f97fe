"""The body of POST /documents, JSON or a form with a file, in one type."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from starlette.requests import Request

from backend.documents import extraction
from backend.documents.schemas import DocumentRequest
from backend.documents.service import Draft
from backend.http import multipart
from backend.http.body import parsed, require_json
from backend.http.errors import ApiProblem

TITLE = 120
"""Maximum characters of the first line used as a title."""
FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "Text of any kind, in UTF-8; HTML is read as a page.",
        },
        "title": {"type": "string"},
        "source": {"type": "string"},
        "metadata": {"type": "string", "description": "A JSON object."},
        "overlap": {"type": "integer"},
    },
}
FIELDS = ("title", "source", "metadata", "overlap")


@dataclass(frozen=True)
class Drafted:
    """A validated request. `encoding` is how a file was decoded."""

    asked: DocumentRequest
    media_type: str
    encoding: str

    def draft(self, by: str) -> Draft:
        """Return the document to store, with uniform line ends and no surrounding white space."""
        asked = self.asked
        text = asked.text.replace("\r\n", "\n").replace("\r", "\n").strip()
        title = asked.title.strip() or text.partition("\n")[0].strip()[:TITLE]
        return Draft(
            text, title, asked.source, self.media_type, asked.metadata, asked.overlap, UUID(by) if by else None
        )


async def drafted(request: Request) -> Drafted:
    """Return the parsed body of a request."""
    if multipart.is_form(request):
        return await _form(request)
    require_json(request)
    return Drafted(parsed(DocumentRequest, await request.body()), "text/plain", "utf-8")


async def _form(request: Request) -> Drafted:
    """Parse a form. Its size is limited like every body's."""
    fields: dict[str, bytearray] = {}
    file: multipart.Part | None = None
    current = bytearray()
    async for event in multipart.parts(request):
        if isinstance(event, bytes):
            current += event
            continue
        current = fields.setdefault(event.name, bytearray())
        if event.name == "file":
            file = event
        elif event.name not in FIELDS:
            raise ApiProblem(
                422, "unknown field", f"the form has a field {event.name[:100]!r}; file, {', '.join(FIELDS)} are known"
            )
    if not file:
        raise ApiProblem(
            422,
            "there is no file",
            "the form has no field `file`",
            fix="send it as multipart/form-data: curl -F file=@notes.md",
        )
    name = PurePath((file.filename or "").replace("\\", "/")).name
    found = await asyncio.to_thread(extraction.read, bytes(fields["file"]), name, file.media_type)
    words: dict[str, Any] = {key: value.decode(errors="replace") for key, value in fields.items() if key in FIELDS}
    asked = {"text": found.text, **words, "title": words.get("title") or found.title or name}
    if "metadata" in asked:
        asked["metadata"] = _object(asked["metadata"])
    checked = parsed(DocumentRequest, json.dumps(asked).encode())
    return Drafted(checked, file.media_type.partition(";")[0].strip().lower() or "text/plain", found.encoding)


def _object(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError as error:
        raise ApiProblem(422, "wrong metadata", f"the field metadata is no JSON: {error}") from error
