"""Queries on a collection: each takes the JSON of a request and returns the JSON of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.convert.configs import dense
from omnimind_ops.embedded.qdrant.convert.filters import filter_in
from omnimind_ops.embedded.qdrant.convert.points import id_out, record_out, scored_out, with_payload
from omnimind_ops.embedded.qdrant.convert.queries import order_in, query_in
from omnimind_ops.embedded.qdrant.errors import (
    ApiError,
    bad_request,
    engine_errors,
    json_errors,
    not_found,
    wrong_input,
)

from .collection import Collection
from .directory import Storage

Json = Mapping[str, Any]


class Reader:
    """Reads one collection; the storage serves examples from another collection (`lookup_from`)."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage = storage
        self.collection: Collection = storage.resolve(name)

    def lookup(self, id: int | str, using: str, where: Mapping[str, Any] | None) -> Any:
        """Return the stored vector of an example point."""
        source = self.collection
        if where:
            source = self.other(where["collection"]) if where.get("collection") else source
            using = where.get("vector") or using
        with engine_errors():
            result = source.shards.retrieve([id], False, [using])
        vector: Any = result[0].vector if result else None
        if isinstance(vector, dict):
            vector = vector.get(using)
        if not result:
            raise not_found(f"No point with id {id} found")
        if vector is None:
            raise wrong_input(f"Point {id} does not have vector `{using}`")
        return vector

    def other(self, name: str) -> Collection:
        """Return another collection that a query names."""
        try:
            return self.storage.resolve(name)
        except ApiError:
            raise not_found(f"Collection {name} not found") from None

    def query(self, body: Json) -> list[dict[str, Any]]:
        """Return the scored points of the universal query."""
        with json_errors():
            request = query_in(body, self.collection.schema, self.lookup)
            offset, limit = body.get("offset") or 0, body.get("limit") or 10
            wide = query_in({**body, "offset": 0, "limit": offset + limit}, self.collection.schema, self.lookup)
        with engine_errors():
            points = self.collection.shards.query(request, wide, offset, limit, self._ascending(body))
        results = [scored_out(point) for point in points]
        if not body.get("with_vector", body.get("with_vectors")):
            for point in results:  # the engine returns the vectors that it compared
                point.pop("vector", None)
        return results

    def _ascending(self, body: Json) -> bool:
        """Return whether a low score is better."""
        query = body.get("query")
        by_vector = not isinstance(query, dict) or "indices" in query or "nearest" in query
        params = dense(self.collection.config).get(body.get("using") or "")
        return by_vector and params is not None and params["distance"] in ("Euclid", "Manhattan")

    def search(self, body: Json) -> list[dict[str, Any]]:
        """Return the result of the older search request: a vector, optionally with a vector name."""
        with json_errors():
            return self.query(self.searched(body))

    def searched(self, body: Json) -> dict[str, Any]:
        """Return the universal query for an older search request."""
        vector, using = body["vector"], None
        if isinstance(vector, dict):
            vector, using = vector["vector"], vector["name"]
        return {**body, "query": {"nearest": vector}, "using": using, "limit": body.get("limit", body.get("top"))}

    def recommend(self, body: Json) -> list[dict[str, Any]]:
        """Return the result of the older recommend request."""
        with json_errors():
            return self.query(self.recommended(body))

    def recommended(self, body: Json) -> dict[str, Any]:
        """Return the universal query for an older recommend request."""
        requests = {name: body.get(name) for name in ("positive", "negative", "strategy")}
        return {**body, "query": {"recommend": requests}, "limit": body.get("limit", body.get("top"))}

    def discover(self, body: Json) -> list[dict[str, Any]]:
        """Return the result of the older discovery request: a target, a context, or both."""
        target, context = body.get("target"), body.get("context")
        if target is None and not context:
            raise bad_request("target or context must be provided")
        query = {"context": context} if target is None else {"discover": {"target": target, "context": context}}
        return self.query({**body, "query": query, "limit": body.get("limit", body.get("top"))})

    def scroll(self, body: Json) -> dict[str, Any]:
        """Return one page of points, ordered by id or by a payload field."""
        with json_errors():
            order = order_in(body["order_by"]) if body.get("order_by") is not None else None
            if order is not None and body.get("offset") is not None:
                raise wrong_input(
                    "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` "
                    "and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value"
                )
            request = edge.ScrollRequest(
                offset=body.get("offset"),
                limit=10 if body.get("limit") is None else body["limit"],
                filter=filter_in(body.get("filter")),
                with_payload=with_payload(body.get("with_payload"), True),
                with_vector=body.get("with_vector", body.get("with_vectors")) or False,
                order_by=order,
            )
        with engine_errors():
            records, after = self.collection.shards.scroll(
                request.limit or 10, order, request, _descending(body.get("order_by"))
            )
        return {"points": [record_out(record) for record in records], "next_page_offset": id_out(after)}

    def retrieve(self, ids: Sequence[Any], payload: Any, vector: Any) -> list[dict[str, Any]]:
        """Return the existing points with these ids."""
        with json_errors(), engine_errors():
            records = self.collection.shards.retrieve(list(ids), with_payload(payload, True), vector or False)
        return [record_out(record) for record in records]

    def count(self, body: Json) -> dict[str, Any]:
        """Return the number of matching points; always exact."""
        with json_errors():
            request = edge.CountRequest(exact=True, filter=filter_in(body.get("filter")))
        with engine_errors():
            return {"count": self.collection.shards.count(request)}

    def facet(self, body: Json) -> dict[str, Any]:
        """Return the values of a payload field and their counts."""
        with json_errors():
            request = edge.FacetRequest(
                body["key"], body.get("limit") or 10, bool(body.get("exact")), filter_in(body.get("filter"))
            )
        with engine_errors():
            hits = self.collection.shards.facet(request, body.get("limit") or 10)
        return {"hits": [{"value": id_out(value), "count": count} for value, count in hits]}


def _descending(order: Any) -> bool:
    return isinstance(order, dict) and order.get("direction") == "desc"
