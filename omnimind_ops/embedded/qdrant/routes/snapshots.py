"""Snapshots of collections, of their shards and of everything: create, list, download, delete, restore."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse

from omnimind_ops.embedded.qdrant.convert.configs import schema
from omnimind_ops.embedded.qdrant.errors import not_found, wrong_input
from omnimind_ops.embedded.qdrant.requests import parameters as kinds
from omnimind_ops.embedded.qdrant.requests import snapshots as types
from omnimind_ops.embedded.qdrant.snapshots.pack import pack_collection, pack_full, pack_shard, pack_stream
from omnimind_ops.embedded.qdrant.snapshots.shelf import check, stamp
from omnimind_ops.embedded.qdrant.snapshots.unpack import unpack_collection, unpack_shard
from omnimind_ops.embedded.qdrant.storage.files import read_json, remove_tree

from .access import body, layout, name, parameters, route, shelf, storage, thread, writing
from .background import waited
from .uploads import receive


def _shard(request: Request) -> int | None:
    """Return the shard in the path; None when there is none."""
    if "shard" not in request.path_params:
        return None
    number = kinds.shard_id(request.path_params["shard"])
    if number not in storage(request).resolve(name(request)).shards.all:
        raise not_found(f"Shard {number} not found")
    return number


def _place(request: Request) -> Path:
    """Return the directory for the snapshots of this request's collection, shard, or everything."""
    if "name" not in request.path_params:
        return shelf(request).place()
    return shelf(request).place(storage(request).resolve(name(request)).name, _shard(request))


async def list_all(request: Request) -> object:
    """Return the snapshots."""
    return await thread(shelf(request).list, _place(request))


async def fetch(request: Request) -> object:
    """Return the file of a snapshot."""
    path = shelf(request).find(_place(request), request.path_params["snapshot"])
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


async def stream(request: Request) -> object:
    """Return a snapshot of a shard that is not stored."""
    part, shard = shelf(request).part(), _shard(request)
    assert shard is not None
    try:
        async with writing(request) as collection:
            await thread(collection.sync)
            await thread(pack_stream, collection, shard, storage(request).peer, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    title = f"{collection.name}-shard-{shard}.snapshot"
    after = BackgroundTask(part.unlink, missing_ok=True)
    return FileResponse(part, media_type="application/octet-stream", filename=title, background=after)


async def delete(request: Request) -> object:
    """Remove a snapshot."""
    place = _place(request)

    async def work() -> object:
        await thread(shelf(request).remove, place, request.path_params["snapshot"])
        return True

    return await waited(request, parameters(request, kinds.SNAPSHOT), work())


async def create(request: Request) -> object:
    """Create a snapshot of a collection or of one of its shards. Changes wait meanwhile, queries do not."""
    place, shard, peer = _place(request), _shard(request), storage(request).peer
    title = stamp(f"{place.name}-{peer}" if shard is None else f"{place.parents[1].name}-shard-{shard}")

    async def work() -> object:
        async with writing(request) as collection:
            await thread(collection.sync)
            if shard is None:
                return await thread(
                    shelf(request).add, place, title, lambda out: pack_collection(collection, peer, out)
                )
            return await thread(shelf(request).add, place, title, lambda out: pack_shard(collection, shard, peer, out))

    return await waited(request, parameters(request, kinds.SNAPSHOT), work())


async def create_full(request: Request) -> object:
    """Create a snapshot of everything."""
    return await waited(request, parameters(request, kinds.SNAPSHOT), _everything(request))


async def _everything(request: Request) -> object:
    result, keeper = storage(request), shelf(request)
    files: dict[str, Path] = {}
    with ExitStack() as cleanup:
        aside = keeper.scratch / f"{uuid4()}"
        aside.mkdir()
        cleanup.callback(remove_tree, aside)
        async with layout(request):
            aliases = dict(result.aliases)
            for wanted in sorted(result.collections):
                files[wanted] = aside / stamp(f"{wanted}-{result.peer}")
                async with writing(request, wanted) as collection:
                    await thread(pack_collection, collection, result.peer, files[wanted])
                files[wanted].chmod(0o600)
        place, title = keeper.place(), stamp("full-snapshot")
        return await thread(keeper.add, place, title, lambda out: pack_full(files, aliases, out))


async def recover(request: Request) -> object:
    """Replace or create a collection from a snapshot in the snapshots directory or at a URL."""
    name(request)
    fields = await body(request, types.RECOVER)
    return await waited(request, parameters(request, kinds.SNAPSHOT), _recovered(request, fields))


async def _recovered(request: Request, fields: dict[str, Any]) -> object:
    keeper, location, part = shelf(request), fields["location"], shelf(request).part()
    try:
        if urlsplit(location).scheme in ("http", "https"):
            path = await thread(keeper.fetched, location, part)
        else:
            path = keeper.located(location)
        if fields.get("checksum"):
            await thread(check, path, fields["checksum"])
        await _restore(request, path)
    finally:
        await thread(part.unlink, True)
    return True


async def upload(request: Request) -> object:
    """Replace or create a collection from the snapshot in the request."""
    name(request, new="shard" not in request.path_params)
    given = parameters(request, kinds.UPLOAD)
    part = shelf(request).part()
    try:
        await receive(request, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return await waited(request, given, _uploaded(request, part, given.get("checksum")))


async def _uploaded(request: Request, part: Path, checksum: str | None) -> object:
    try:
        if checksum:
            await thread(check, part, checksum)
        await _restore(request, part)
    finally:
        await thread(part.unlink, True)
    return True


async def _restore(request: Request, snapshot: Path) -> None:
    result = storage(request)
    shard = _shard(request)
    target = (
        result.resolve(name(request)).name if shard is not None or name(request) in result.aliases else name(request)
    )
    beside = result.scratch / str(uuid4())
    try:
        if shard is not None:
            await thread(unpack_shard, snapshot, beside, result.peer, result.resolve(target), shard)
        else:
            await thread(unpack_collection, snapshot, beside, result.peer)
        async with layout(request):
            if target not in result.collections:
                await thread(result.put, target, beside)
            else:
                await _replace(request, target, beside)
    finally:
        await thread(remove_tree, beside)


async def _replace(request: Request, target: str, beside: Path) -> None:
    async with writing(request, target) as collection:
        if schema(read_json(beside / "config.json")) != collection.schema:
            raise wrong_input(f"Snapshot is not compatible with existing collection `{target}`: other vectors")
        await thread(storage(request).put, target, beside)


def _routes(prefix: str, make: Any) -> list[Any]:
    return [
        route("GET", prefix, list_all),
        route("POST", prefix, make),
        route("GET", f"{prefix}/{{snapshot}}", fetch, plain=True),
        route("DELETE", f"{prefix}/{{snapshot}}", delete),
    ]


_COLLECTION = "/collections/{name}/snapshots"
_SHARD = "/collections/{name}/shards/{shard}/snapshots"

ROUTES = [
    route("PUT", f"{_COLLECTION}/recover", recover),
    route("POST", f"{_COLLECTION}/upload", upload),
    route("PUT", f"{_SHARD}/recover", recover),
    route("POST", f"{_SHARD}/upload", upload),
    route("GET", "/collections/{name}/shards/{shard}/snapshot", stream, plain=True),
    *_routes("/snapshots", create_full),
    *_routes(_COLLECTION, create),
    *_routes(_SHARD, create),
]
