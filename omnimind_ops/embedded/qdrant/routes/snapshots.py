"""Snapshots of collections and of everything: make, list, fetch, delete, bring back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse

from omnimind_ops.embedded.qdrant.convert.configs import schema
from omnimind_ops.embedded.qdrant.errors import ApiError, json_errors, wrong_input
from omnimind_ops.embedded.qdrant.snapshots.pack import pack_collection, pack_full, pack_shard
from omnimind_ops.embedded.qdrant.snapshots.shelf import check, stamp
from omnimind_ops.embedded.qdrant.snapshots.unpack import unpack_collection, unpack_shard
from omnimind_ops.embedded.qdrant.storage.directory import check_name
from omnimind_ops.embedded.qdrant.storage.files import read_json, remove_tree
from omnimind_ops.embedded.qdrant.wire import body

from .access import layout, name, route, shelf, storage, thread, writing
from .uploads import receive


def _place(request: Request) -> Path:
    """Where the snapshots of this request's collection (or shard, or everything) lie."""
    if "name" not in request.path_params:
        return shelf(request).place()
    collection = storage(request).resolve(name(request)).name
    return shelf(request).place(collection, _is_shard(request))


def _is_shard(request: Request) -> bool:
    shard = request.path_params.get("shard")
    if shard is not None and shard != "0":
        raise ApiError(404, f"Not found: Shard {shard} not found")
    return shard is not None


async def list_all(request: Request) -> object:
    """The snapshots there are."""
    return await thread(shelf(request).list, _place(request))


async def fetch(request: Request) -> object:
    """The file of a snapshot."""
    path = shelf(request).find(_place(request), request.path_params["snapshot"])
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


async def delete(request: Request) -> object:
    """Remove a snapshot."""
    await thread(shelf(request).remove, _place(request), request.path_params["snapshot"])
    return True


async def create(request: Request) -> object:
    """Make a snapshot of a collection or of its shard; changes wait meanwhile, questions do not."""
    place, peer = _place(request), storage(request).peer
    pack = pack_shard if _is_shard(request) else pack_collection
    prefix = f"{place.parents[1].name}-shard-0" if _is_shard(request) else f"{place.name}-{peer}"
    async with writing(request) as collection:
        await thread(collection.sync)
        return await thread(shelf(request).add, place, stamp(prefix), lambda out: pack(collection, peer, out))


async def create_full(request: Request) -> object:
    """Make a snapshot of everything."""
    found, keeper = storage(request), shelf(request)
    files: dict[str, Path] = {}
    with ExitStack() as cleanup:
        aside = keeper.scratch / f"{uuid4()}"
        aside.mkdir()
        cleanup.callback(remove_tree, aside)
        async with layout(request):
            aliases = dict(found.aliases)
            for wanted in sorted(found.collections):
                files[wanted] = aside / stamp(f"{wanted}-{found.peer}")
                async with writing(request, wanted) as collection:
                    await thread(pack_collection, collection, found.peer, files[wanted])
        place, title = keeper.place(), stamp("full-snapshot")
        return await thread(keeper.add, place, title, lambda out: pack_full(files, aliases, out))


async def recover(request: Request) -> object:
    """Replace a collection (or make it) by a snapshot that lies in the snapshots directory."""
    asked = await body(request)
    with json_errors():
        path = shelf(request).located(asked["location"])
    await _restore(request, path, asked.get("checksum"))
    return True


async def upload(request: Request) -> object:
    """Replace a collection (or make it) by the snapshot in the request."""
    part = shelf(request).part()
    try:
        await receive(request, part)
        await _restore(request, part, request.query_params.get("checksum"))
    finally:
        await thread(part.unlink, True)
    return True


async def _restore(request: Request, snapshot: Path, checksum: str | None) -> None:
    found = storage(request)
    is_shard = _is_shard(request)
    target = found.resolve(name(request)).name if is_shard or name(request) in found.aliases else name(request)
    check_name(target)
    beside = found.scratch / str(uuid4())
    try:
        await thread(check, snapshot, checksum)
        if is_shard:
            await thread(unpack_shard, snapshot, beside, found.peer, found.resolve(target))
        else:
            await thread(unpack_collection, snapshot, beside, found.peer)
        async with layout(request):
            if target not in found.collections:
                await thread(found.put, target, beside)
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
        route("GET", f"{prefix}/{{snapshot}}", fetch),
        route("DELETE", f"{prefix}/{{snapshot}}", delete),
    ]


_COLLECTION = "/collections/{name}/snapshots"
_SHARD = "/collections/{name}/shards/{shard}/snapshots"

ROUTES = [
    route("PUT", f"{_COLLECTION}/recover", recover),
    route("POST", f"{_COLLECTION}/upload", upload),
    route("PUT", f"{_SHARD}/recover", recover),
    route("POST", f"{_SHARD}/upload", upload),
    *_routes("/snapshots", create_full),
    *_routes(_COLLECTION, create),
    *_routes(_SHARD, create),
]
