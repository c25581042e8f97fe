"""/uploads: files, streamed to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from backend.accounts.access import Reader, Writer
from backend.deps import PoolsDep, SettingsDep, TimingDep
from backend.http.errors import ApiProblem
from backend.uploads import files as upload_files
from backend.uploads import repository as uploads
from backend.uploads.receive import ANY, receive
from backend.uploads.repository import Upload
from backend.uploads.schemas import UploadAnswer

router = APIRouter(prefix="/uploads", tags=["uploads"])
FILE = {"type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            ANY: {"schema": FILE},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILE}}},
        },
    }
}


@router.post("", status_code=201, openapi_extra=BODY)
async def create(
    by: Writer,
    request: Request,
    pools: PoolsDep,
    settings: SettingsDep,
    timing: TimingDep,
    response: Response,
    name: Annotated[str, Query(max_length=1000, description="What the file is called.")] = "",
    sha256: Annotated[str, Query(pattern="^([0-9a-fA-F]{64})?$", description="What the file's SHA-256 must be.")] = "",
) -> UploadAnswer:
    """Store a file: as the body, or as the field `file` of a form. A checksum, in the query or as Content-Digest of the body, is checked."""
    one = await receive(request, pools, settings, by.id, name, sha256, timing)
    response.headers["Location"] = f"/uploads/{one.id}"
    return _answer(one)


@router.get("/{upload}")
async def read(_: Reader, upload: UUID, pools: PoolsDep) -> UploadAnswer:
    """Describe an upload."""
    return _answer(await _find(pools, upload))


@router.get("/{upload}/content", response_class=Response, responses={200: {"content": {ANY: {"schema": FILE}}}})
async def content(_: Reader, upload: UUID, pools: PoolsDep, settings: SettingsDep) -> FileResponse:
    """Send the file back, always as a download: a page made by somebody must not run as one of ours."""
    one = await _find(pools, upload)
    places = (upload_files.path(Path(settings.uploads), upload), upload_files.incoming(Path(settings.uploads), upload))
    place = next((place for place in places if place.is_file()), None)
    if not place:
        raise ApiProblem(
            404,
            "the file is gone",
            f"{places[0].name} is not in the uploads folder any more",
            fix="restore it, or delete the upload",
        )
    headers = {
        "Repr-Digest": f"sha-256=:{_base64(one.sha256)}:",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(place, media_type=one.media_type, filename=one.name or str(one.id), headers=headers)


@router.delete("/{upload}", status_code=204)
async def delete(_: Writer, upload: UUID, pools: PoolsDep, settings: SettingsDep) -> Response:
    """Delete an upload."""
    async with pools.postgres.connection() as link:
        if not await uploads.delete(link, Path(settings.uploads), upload):
            raise _missing(upload)
    return Response(status_code=204)


async def _find(pools: PoolsDep, id_: UUID) -> Upload:
    async with pools.postgres.connection() as link:
        found = await uploads.find(link, id_)
    if not found:
        raise _missing(id_)
    return found


def _missing(id_: UUID) -> ApiProblem:
    return ApiProblem(404, "no such upload", f"there is no upload {id_}")


def _base64(digest: bytes) -> str:
    import base64

    return base64.b64encode(digest).decode()


def _answer(one: Upload) -> UploadAnswer:
    return UploadAnswer(
        id=one.id,
        name=one.name,
        media_type=one.media_type,
        bytes=one.bytes,
        sha256=one.sha256.hex(),
        created_by=one.created_by,
        created_at=one.created_at,
    )
