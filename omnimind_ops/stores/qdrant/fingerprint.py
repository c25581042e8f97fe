"""Fingerprint of a running Qdrant: counts, configuration, indexes, aliases, sampled points, results of sample
queries.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import xxhash

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, ResponseProblem, collection_info, connect, request_json
from omnimind_ops.stores.qdrant.lengths import Lengths
from omnimind_ops.stores.qdrant.points import digest_points, ignore_page
from omnimind_ops.stores.qdrant.sample import point_bytes, query_vector, sample_points, sort_key
from omnimind_ops.stores.throttle import Throttle

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import Record

TOP = 10
TRIES = 20
"""To find the server at rest."""
EVERY = 20_000
"""Points that are all read, of the smallest collections first. More would take seconds while nothing serves, and the
copied files were compared byte by byte."""
MOST = 50
"""Points in the largest request."""
SETTINGS = ("optimizer_config", "wal_config", "strict_mode_config", "metadata")
_FETCHED = 3 * TOP
_DIGITS = 3
"""Significant digits of a compared score: another build of the same engine may add in another order."""


def fingerprint(
    endpoint: QdrantEndpoint,
    *,
    samples: int = 200,
    queries: int = 5,
    without: Collection[str] = (),
    always_sample: bool = False,
) -> Fingerprint:
    """Return the contents of a server, equal for servers with equal data; takes about half a second for half a million
    points.

    Per collection: exact count; digests of configuration, settings, payload indexes, all points (payload and vectors),
    beyond `EVERY` points of about `samples` of them, and the ten nearest neighbours of `queries` of these points. For
    the server: names and aliases. Collections in `without` are left out. A collection whose strict mode refuses these
    requests is read completely and not searched. `always_sample`: also sample the points of collections that are read
    completely, as earlier versions did. Nothing is written. Problem when the server does not answer or refuses the key.
    """
    with connect(endpoint) as client:
        all_names, aliases = _read_names(client)
        names = [name for name in all_names if name not in without]
        counts = {"collections": len(names), "aliases": len(aliases)}
        digests = {"aliases": _json_digest(aliases)}
        facts = {name: collection_info(client, name) for name in names}
        sizes = {name: _count(client, name, info) for name, info in facts.items()}
        whole = _read_completely(facts, sizes)
        for name, info in facts.items():
            if name in whole:
                content = digest_points(endpoint, name, info["config"], sizes[name], lambda _points: None)
                sizes[name], digests[f"every point of {name}"] = content.count, content.digest
            collection_digests = _read_collection(client, name, info, sizes[name], samples, queries)
            if name in whole and not always_sample:
                collection_digests.pop("sampled points", None)
            counts[f"points of {name}"] = sizes[name]
            digests |= {f"{kind} of {name}": digest for kind, digest in collection_digests.items()}
    return Fingerprint("qdrant", counts, digests)


def settled_fingerprint(endpoint: QdrantEndpoint, *, without: Collection[str] = (), pause: float = 0.1) -> Fingerprint:
    """Return the contents of a server once its queue of writes is empty; Problem when somebody goes on writing.

    Qdrant acknowledges a write before it is visible, unless the writer waits for it.
    """
    for _ in range(TRIES):
        before = _progress(endpoint)
        time.sleep(pause)
        if _progress(endpoint) != before:
            continue
        content = fingerprint(endpoint, without=without)
        if _progress(endpoint) == before:
            return content
    raise Problem(
        "cannot note what the old Qdrant contains",
        f"its contents changed {TRIES} times while they were read: another program writes to it",
        "stop that program, then run `omnimind migrate` again",
    )


def _progress(endpoint: QdrantEndpoint) -> list[object]:
    """Return what moves when a collection is written to."""
    with connect(endpoint) as client:
        infos = {name: collection_info(client, name) for name in _read_names(client)[0]}
    return [[name, *(info.get(key) for key in ("points_count", "update_queue"))] for name, info in infos.items()]


def full_fingerprint(
    endpoint: QdrantEndpoint,
    tell: Tell,
    step: str = "",
    without: Collection[str] = (),
    lengths: Lengths | None = None,
) -> Fingerprint:
    """Return the contents of a server with every point read, equal for servers with equal data. Collections in
    `without` are left out. `lengths` looks at every point.

    Nothing is written. Problem when the server does not answer, refuses the key, or cannot serve a collection.
    """
    with connect(endpoint) as client:
        all_names, aliases = _read_names(client)
        names = [name for name in all_names if name not in without]
        facts = {name: collection_info(client, name) for name in names}
    counts = {"collections": len(names), "aliases": len(aliases)}
    digests = {"aliases": _json_digest(aliases)}
    total = sum(int(collection.get("points_count") or 0) for collection in facts.values())
    throttle, done = Throttle(tell), 0

    def report(points: int) -> None:
        nonlocal done
        done += points
        throttle(progress(step, "read every point", done, max(total, done), "points"))

    for name, info in facts.items():
        look = partial(lengths.add, name, info["config"]) if lengths else ignore_page
        content = digest_points(endpoint, name, info["config"], int(info.get("points_count") or 0), report, look)
        counts[f"points of {name}"] = content.count
        digests |= {f"every point of {name}": content.digest} | {
            f"{kind} of {name}": digest for kind, digest in _configuration_digests(info).items()
        }
    return Fingerprint("qdrant", counts, digests)


def _read_names(client: QdrantClient) -> tuple[list[str], list[list[str]]]:
    """Return the names of all collections, and each alias with its collection."""
    aliases = ([alias.alias_name, alias.collection_name] for alias in client.get_aliases().aliases)
    return sorted(collection.name for collection in client.get_collections().collections), sorted(aliases)


def _configuration_digests(facts: Mapping[str, Any]) -> dict[str, str]:
    indexes = facts.get("payload_schema", {})
    return {
        "configuration": _json_digest(configuration(facts["config"])),
        "settings": _json_digest(_without_none({key: facts["config"].get(key) for key in SETTINGS})),
        "payload indexes": _json_digest(
            {field: _without_none({**index, "points": None}) for field, index in indexes.items()}
        ),
    }


def _count(client: QdrantClient, name: str, facts: Mapping[str, Any]) -> int:
    """Return the number of points; an estimate if the collection refuses to count exactly."""
    return (
        int(facts.get("points_count") or 0)
        if refuses_searches(facts["config"])
        else client.count(name, exact=True).count
    )


def _read_completely(facts: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, int]) -> frozenset[str]:
    """Return the collections of which every point is read: the smallest ones, and those that cannot be searched."""
    names = {name for name, info in facts.items() if refuses_searches(info["config"])}
    total = 0
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        total += sizes[name]
        if total <= EVERY:
            names.add(name)
    return frozenset(names)


def _read_collection(
    client: QdrantClient, name: str, facts: Mapping[str, Any], count: int, samples: int, queries: int
) -> dict[str, str]:
    digests = _configuration_digests(facts)
    if refuses_searches(facts["config"]):
        return digests
    points = sample_points(client, name, count, samples) if count else []
    nearest = (_nearest(client, name, facts["config"], point) for point in _evenly_spread(points, queries))
    return {**digests, "sampled points": _digest(map(point_bytes, points)), "nearest points": _digest(nearest)}


def strict_collections(endpoint: QdrantEndpoint) -> tuple[str, ...]:
    """Return the collections whose strict mode refuses the searches of a fingerprint."""
    with connect(endpoint) as client:
        return tuple(
            name for name in _read_names(client)[0] if refuses_searches(collection_info(client, name)["config"])
        )


def refuses_searches(config: Mapping[str, Any]) -> bool:
    """Return whether a collection's strict mode refuses exact counts and searches, or requests of `MOST` points."""
    strict = config.get("strict_mode_config") or {}
    is_small = int(strict.get("max_query_limit") or MOST) < MOST
    return bool(strict.get("enabled")) and (strict.get("search_allow_exact") is False or is_small)


def configuration(config: Mapping[str, Any]) -> object:
    """Return the parts of a collection's configuration that its data depend on. Unset values are left out: they differ
    between versions.
    """
    return _without_none({key: config.get(key) for key in ("params", "hnsw_config", "quantization_config")})


def top_results(
    hits: Iterable[Mapping[str, Any]], *, rising: bool = False, top: int = TOP, fetched: int = _FETCHED
) -> list[tuple[str, str]]:
    """Return score and id of the best `top`, independent of the order of equal scores; `rising`: the lowest score is
    the best.

    When the result has the full `fetched` entries, those equal to the worst score are left out: the server chooses
    which of them it returns.
    """
    sign = 1 if rising else -1
    scored = sorted((sign * float(f"{round(hit['score'], 6):.{_DIGITS}g}"), sort_key(hit["id"])) for hit in hits)
    if len(scored) >= fetched:
        scored = [pair for pair in scored if pair[0] != scored[-1][0]]
    return [(f"{sign * score:.{_DIGITS}g}", str(identity[1])) for score, identity in scored[:top]]


def lowest_is_best(config: Mapping[str, Any], name: str) -> bool:
    """Return whether a vector's metric is a distance, not a similarity."""
    vectors = config.get("params", {}).get("vectors") or {}
    return (vectors.get(name, {}) if name else vectors).get("distance") in ("Euclid", "Manhattan")


def _nearest(client: QdrantClient, collection: str, config: Mapping[str, Any], point: Record) -> bytes:
    vector = query_vector(point)
    if vector is None:
        return b"no vector"
    using, value = vector
    try:
        hits = _query(client, collection, using, value)
    except ResponseProblem as problem:
        if problem.status != 404:  # before 1.10 there is only search, which qdrant-client no longer supports
            raise
        hits = _search(client, collection, using, value)
    return json.dumps(top_results(hits, rising=lowest_is_best(config, using))).encode()


def _query(client: QdrantClient, collection: str, using: str, value: Any) -> list[Mapping[str, Any]]:
    from qdrant_client.models import SearchParams

    exact = SearchParams(exact=True)
    response = client.query_points(
        collection, query=value, using=using or None, limit=_FETCHED, search_params=exact, with_payload=False
    )
    return [{"id": hit.id, "score": hit.score} for hit in response.points]


def _search(client: QdrantClient, collection: str, using: str, value: Any) -> list[Mapping[str, Any]]:
    vector = value if isinstance(value, list) else value.model_dump()
    body = {"limit": _FETCHED, "params": {"exact": True}, "with_payload": False}
    body |= {"vector": {"name": using, "vector": vector} if using else vector}
    hits: list[Mapping[str, Any]] = request_json(client, "POST", "/collections/{name}/points/search", collection, body)
    return hits


def _evenly_spread(points: list[Record], count: int) -> list[Record]:
    """Return `count` of the points, evenly spread."""
    size = min(count, len(points))
    return [points[index * len(points) // size] for index in range(size)]


def _without_none(value: Any) -> Any:
    """Return the value without unset fields."""
    if isinstance(value, Mapping):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list) else value


def _json_digest(value: object) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def _digest(parts: Iterable[bytes]) -> str:
    digest = xxhash.xxh3_128()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
