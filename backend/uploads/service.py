"""Receive an upload: stream it to disk with its checksum, insert its row, then give it its final name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from uuid import UUID, uuid4

from starlette.requests import ClientDisconnect, Request

from backend.clients.pools import Pools
from backend.http import multipart
from backend.http.errors import ApiProblem
from backend.http.timing import Timing
from backend.settings import Settings
from backend.uploads import repository as uploads
from backend.uploads.checksums import Checksum, require_equal
from backend.uploads.files import Writer, too_large
from backend.uploads.repository import Upload

OCTET_STREAM = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MAX_NAME = 255


@dataclass(frozen=True)
class FileInfo:
    """A file's name and media type."""

    name: str
    media_type: str


async def receive(
    request: Request, pools: Pools, settings: Settings, author: str, name: str, sha256: str, timing: Timing
) -> Upload:
    """Return the upload once its file and row are safely stored. After any failure nothing of it remains."""
    if (
        request.headers.get("content-length", "0").isdecimal()
        and int(request.headers.get("content-length", "0")) > settings.upload_bytes + multipart.FORM_OVERHEAD
    ):
        raise too_large(settings.upload_bytes)
    checksum = Checksum(request.headers)
    writer = Writer(Path(settings.uploads), uuid4(), settings.upload_bytes)
    try:
        with timing.stage("receive"):
            info = await (_receive_form if multipart.is_form(request) else _receive_raw)(request, writer, checksum)
            await writer.finish()
        checksum.check()
        if sha256:
            require_equal("sha-256", sha256, writer.sha256.hexdigest())
        info = FileInfo(clean_name(name), info.media_type) if name else info
        upload = Upload(
            writer.id,
            writer.sha256.digest(),
            info.name,
            info.media_type,
            writer.count,
            UUID(author) if author else None,
            datetime.now(UTC),
        )
        with timing.stage("postgres"):
            await _insert(pools, writer, upload)
        writer.publish()
    except ClientDisconnect as error:
        raise ApiProblem(
            400, "the upload was interrupted", "the connection closed before the end of the body"
        ) from error
    finally:
        writer.discard()  # no effect once it is published, or left to the sweeper
    return upload


async def _insert(pools: Pools, writer: Writer, upload: Upload) -> None:
    async with pools.postgres.connection() as connection:
        try:
            await uploads.insert(connection, upload)
        except BaseException:
            writer.release()  # PostgreSQL may or may not have the row; the sweeper checks when it is back
            raise


async def _receive_raw(request: Request, writer: Writer, checksum: Checksum) -> FileInfo:
    async for data in request.stream():
        checksum.update(data)
        await writer.write(data)
    return FileInfo("", _parse_media_type(request.headers.get("content-type", "")))


async def _receive_form(request: Request, writer: Writer, checksum: Checksum) -> FileInfo:
    """Write the field `file` of a form. A checksum header covers the whole form (RFC 9530)."""
    info: FileInfo | None = None
    is_file = False
    async for event in multipart.parts(request, checksum.update):
        if isinstance(event, bytes):
            if is_file:
                await writer.write(event)
            continue
        is_file = event.name == "file"
        if is_file and info:
            raise ApiProblem(
                422, "more than one file", "the form has the field `file` twice", fix="send one file per request"
            )
        info = FileInfo(clean_name(event.filename or ""), _parse_media_type(event.media_type)) if is_file else info
    if not info:
        raise ApiProblem(422, "there is no file", "the form has no field `file`", fix="curl -F file=@picture.png")
    return info


def clean_name(name: str) -> str:
    """Return the last part of a name, without control characters. It is only displayed, never used as a path.

    Stored files are named by their ids.
    """
    last = PurePath(CONTROL_CHARACTERS.sub("", name).replace("\\", "/")).name
    return last if len(last) <= MAX_NAME else last[: MAX_NAME - 20] + last[-20:]


def _parse_media_type(content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    return kind if MEDIA_TYPE.fullmatch(kind) else OCTET_STREAM
