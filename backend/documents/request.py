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
from backend.documents.service import NewDocument
from backend.http import multipart
from backend.http.body import parse, require_json
from backend.http.errors import ApiProblem

MAX_TITLE = 120
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
class ParsedRequest:
    """A validated request. `encoding` is how a file was decoded."""

    fields: DocumentRequest
    media_type: str
    encoding: str

    def document(self, author: str) -> NewDocument:
        """Return the document to store, with uniform line ends and no surrounding white space."""
        fields = self.fields
        text = fields.text.replace("\r\n", "\n").replace("\r", "\n").strip()
        title = fields.title.strip() or text.partition("\n")[0].strip()[:MAX_TITLE]
        return NewDocument(
            text,
            title,
            fields.source,
            self.media_type,
            fields.metadata,
            fields.overlap,
            UUID(author) if author else None,
        )


async def parse_request(request: Request) -> ParsedRequest:
    """Return the parsed body of a request."""
    if multipart.is_form(request):
        return await _parse_form(request)
    require_json(request)
    return ParsedRequest(parse(DocumentRequest, await request.body()), "text/plain", "utf-8")


async def _parse_form(request: Request) -> ParsedRequest:
    """Parse a form. Its size is limited like every body's."""
    fields: dict[str, bytearray] = {}
    file: multipart.Part | None = None
    current = bytearray()
    async for event in multipart.parts(request):
        if isinstance(event, bytes):
            current += event
            continue
        if event.name in fields:
            raise ApiProblem(
                422,
                "a field is given twice",
                f"the form has more than one field {event.name[:100]!r}",
                fix="send each file in a request of its own",
            )
        current = fields.setdefault(event.name, bytearray())
        if event.name == "file":
            file = event
        elif event.name not in FIELDS:
            raise ApiProblem(
                422,
                "unknown field",
                f"the form has a field {event.name[:100]!r}; the known fields are file, {', '.join(FIELDS)}",
            )
    if not file:
        raise ApiProblem(
            422,
            "there is no file",
            "the form has no field `file`",
            fix="send it as multipart/form-data: curl -F file=@notes.md",
        )
    name = PurePath((file.filename or "").replace("\\", "/")).name
    extracted = await asyncio.to_thread(extraction.extract_text, bytes(fields["file"]), name, file.media_type)
    form: dict[str, Any] = {key: value.decode(errors="replace") for key, value in fields.items() if key in FIELDS}
    body = {"text": extracted.text, **form, "title": form.get("title") or extracted.title or name}
    if "metadata" in body:
        body["metadata"] = _parse_metadata(body["metadata"])
    validated = parse(DocumentRequest, json.dumps(body).encode())
    return ParsedRequest(
        validated, file.media_type.partition(";")[0].strip().lower() or "text/plain", extracted.encoding
    )


def _parse_metadata(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise ApiProblem(422, "invalid metadata", f"the field metadata is not valid JSON: {error}") from error
