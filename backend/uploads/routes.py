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
from backend.uploads.repository import Upload
from backend.uploads.schemas import UploadAnswer
from backend.uploads.service import OCTET_STREAM, receive

router = APIRouter(prefix="/uploads", tags=["uploads"])
FILE = {"type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            OCTET_STREAM: {"schema": FILE},
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": FILE}}},
        },
    }
}


@router.post("", status_code=201, openapi_extra=BODY)
async def create(
    author: Writer,
    request: Request,
    pools: PoolsDep,
    settings: SettingsDep,
    timing: TimingDep,
    response: Response,
    name: Annotated[str, Query(max_length=1000, description="What the file is called.")] = "",
    sha256: Annotated[str, Query(pattern="^([0-9a-fA-F]{64})?$", description="What the file's SHA-256 must be.")] = "",
) -> UploadAnswer:
    """Store a file: as the body, or as the field `file` of a form. A checksum, in the query or as Content-Digest of the body, is checked."""
    uploaded = await receive(request, pools, settings, author.id, name, sha256, timing)
    response.headers["Location"] = f"/uploads/{uploaded.id}"
    return _answer(uploaded)


@router.get("/{upload}")
async def read(_: Reader, upload: UUID, pools: PoolsDep) -> UploadAnswer:
    """Describe an upload."""
    return _answer(await _find(pools, upload))


@router.get(
    "/{upload}/content", response_class=Response, responses={200: {"content": {OCTET_STREAM: {"schema": FILE}}}}
)
async def content(_: Reader, upload: UUID, pools: PoolsDep, settings: SettingsDep) -> FileResponse:
    """Send the file back, always as a download: a page made by somebody must not run as one of ours."""
    row = await _find(pools, upload)
    paths = (upload_files.path(Path(settings.uploads), upload), upload_files.incoming(Path(settings.uploads), upload))
    path = next((path for path in paths if path.is_file()), None)
    if not path:
        raise ApiProblem(
            404,
            "the file is missing",
            f"{paths[0].name} is no longer in the uploads folder",
            fix="restore it, or delete the upload",
        )
    headers = {
        "Repr-Digest": f"sha-256=:{_base64(row.sha256)}:",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(path, media_type=row.media_type, filename=row.name or str(row.id), headers=headers)


@router.delete("/{upload}", status_code=204)
async def delete(_: Writer, upload: UUID, pools: PoolsDep, settings: SettingsDep) -> Response:
    """Delete an upload."""
    async with pools.postgres.connection() as connection:
        if not await uploads.delete(connection, Path(settings.uploads), upload):
            raise _missing(upload)
    return Response(status_code=204)


async def _find(pools: PoolsDep, id_: UUID) -> Upload:
    async with pools.postgres.connection() as connection:
        row = await uploads.find(connection, id_)
    if not row:
        raise _missing(id_)
    return row


def _missing(id_: UUID) -> ApiProblem:
    return ApiProblem(404, "no such upload", f"there is no upload {id_}")


def _base64(digest: bytes) -> str:
    import base64

    return base64.b64encode(digest).decode()


def _answer(row: Upload) -> UploadAnswer:
    return UploadAnswer(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        bytes=row.bytes,
        sha256=row.sha256.hex(),
        created_by=row.created_by,
        created_at=row.created_at,
    )
