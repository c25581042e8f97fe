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
from backend.uploads.checksums import Checksum, compare
from backend.uploads.files import Writer, too_large
from backend.uploads.repository import Upload

ANY = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_NAME = 255


@dataclass(frozen=True)
class Named:
    """A file's name and media type."""

    name: str
    media_type: str


async def receive(
    request: Request, pools: Pools, settings: Settings, by: str, name: str, sha256: str, timing: Timing
) -> Upload:
    """Return the upload once its file and row are safely stored. After any failure nothing of it remains."""
    if (
        request.headers.get("content-length", "0").isdecimal()
        and int(request.headers.get("content-length", "0")) > settings.upload_bytes + multipart.ENVELOPE
    ):
        raise too_large(settings.upload_bytes)
    checksum = Checksum(request.headers)
    writer = Writer(Path(settings.uploads), uuid4(), settings.upload_bytes)
    try:
        with timing.stage("receive"):
            named = await (_form if multipart.is_form(request) else _raw)(request, writer, checksum)
            await writer.finish()
        checksum.check()
        if sha256:
            compare("sha-256", sha256, writer.sha256.hexdigest())
        named = Named(clean(name), named.media_type) if name else named
        one = Upload(
            writer.id,
            writer.sha256.digest(),
            named.name,
            named.media_type,
            writer.count,
            UUID(by) if by else None,
            datetime.now(UTC),
        )
        with timing.stage("postgres"):
            await _insert(pools, writer, one)
        writer.publish()
    except ClientDisconnect as error:
        raise ApiProblem(400, "the upload was cut off", "the connection ended before the body did") from error
    finally:
        writer.discard()  # no effect once it is published, or left to the sweeper
    return one


async def _insert(pools: Pools, writer: Writer, one: Upload) -> None:
    async with pools.postgres.connection() as link:
        try:
            await uploads.insert(link, one)
        except BaseException:
            writer.leave()  # PostgreSQL may or may not have the row; the sweeper checks when it is back
            raise


async def _raw(request: Request, writer: Writer, checksum: Checksum) -> Named:
    async for data in request.stream():
        checksum.update(data)
        await writer.write(data)
    return Named("", _media_type(request.headers.get("content-type", "")))


async def _form(request: Request, writer: Writer, checksum: Checksum) -> Named:
    """Write the field `file` of a form. A checksum header covers the whole form (RFC 9530)."""
    named: Named | None = None
    is_file = False
    async for event in multipart.parts(request, checksum.update):
        if isinstance(event, bytes):
            if is_file:
                await writer.write(event)
            continue
        is_file = event.name == "file"
        if is_file and named:
            raise ApiProblem(
                422, "there are two files", "the form has the field `file` twice", fix="send one file in each request"
            )
        named = Named(clean(event.filename or ""), _media_type(event.media_type)) if is_file else named
    if not named:
        raise ApiProblem(422, "there is no file", "the form has no field `file`", fix="curl -F file=@picture.png")
    return named


def clean(name: str) -> str:
    """Return the last part of a name, without control characters. It is only displayed, never used as a path.

    Stored files are named by their ids.
    """
    last = PurePath(CONTROL.sub("", name).replace("\\", "/")).name
    return last if len(last) <= LONGEST_NAME else last[: LONGEST_NAME - 20] + last[-20:]


def _media_type(said: str) -> str:
    kind = said.partition(";")[0].strip().lower()
    return kind if MEDIA_TYPE.fullmatch(kind) else ANY
