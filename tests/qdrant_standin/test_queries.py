"""Every kind of query finds what it should."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.qdrant_standin.server import Server

NAME = "machines"
PLACES = {"Berlin": (13.4, 52.5), "Paris": (2.35, 48.85)}


@pytest.fixture(scope="module")
def found(server: Server) -> Iterator[QdrantClient]:
    """Points 0 to 9 on a line, with payload of every kind; only read."""
    client = server.client()
    client.create_collection(
        NAME,
        vectors_config={
            "": models.VectorParams(size=2, distance=models.Distance.EUCLID),
            "tokens": models.VectorParams(
                size=2,
                distance=models.Distance.DOT,
                multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
            ),
        },
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    client.upsert(NAME, [models.PointStruct(id=i, vector=vector(i), payload=payload(i)) for i in range(10)])
    for field, kind in {
        "n": models.PayloadSchemaType.INTEGER,
        "text": models.PayloadSchemaType.TEXT,
        "when": models.PayloadSchemaType.DATETIME,
    }.items():
        client.create_payload_index(NAME, field, field_schema=kind)
    yield client
    client.close()


def vector(i: int) -> models.VectorStruct:
    """Where point i is."""
    arguments = models.SparseVector(indices=[i, 100], values=[1, 0.1 * i])
    return {"": [float(i), 0.0], "words": arguments, "tokens": [[float(i), 1.0], [1.0, 1.0]]}


def payload(i: int) -> dict[str, object]:
    """What point i carries."""
    lon, lat = PLACES["Berlin" if i < 5 else "Paris"]
    return {
        "n": i,
        "even": i % 2 == 0,
        "kind": "press" if i < 3 else "lathe",
        "tags": ["a", "b"] if i == 1 else [],
        "text": f"machine number {i} is {'red' if i < 2 else 'blue'}",
        "when": f"2024-01-{i + 1:02}T00:00:00Z",
        "place": {"lon": lon, "lat": lat},
        "parts": [{"name": "arm", "size": i}, {"name": "leg", "size": 10 - i}],
        "nothing": None,
    }


def ids(client: QdrantClient, **query: object) -> list[object]:
    """The ids a query finds, in order."""
    return [point.id for point in client.query_points(NAME, **query).points]  # type: ignore[arg-type]


def matching(client: QdrantClient, *must: models.Condition) -> list[object]:
    """The ids a filter lets through."""
    return [point.id for point in client.scroll(NAME, scroll_filter=models.Filter(must=list(must)))[0]]


def test_the_nearest_come_first(found: QdrantClient) -> None:
    assert ids(found, query=[7.1, 0], limit=3) == [7, 8, 6]


def test_scores_and_payload_come_along(found: QdrantClient) -> None:
    hit = found.query_points(NAME, query=[3.0, 4.0], limit=1, with_payload=["n"], with_vectors=[""]).points[0]
    assert (hit.id, hit.score, hit.payload) == (3, 4.0, {"n": 3})


def test_a_point_as_query_is_not_its_own_hit(found: QdrantClient) -> None:
    assert ids(found, query=7, limit=2) in ([6, 8], [8, 6])


def test_offset_and_threshold_cut_the_list(found: QdrantClient) -> None:
    assert ids(found, query=[0.0, 0], limit=2, offset=3) == [3, 4]
    assert ids(found, query=[0.0, 0], score_threshold=1.5) == [0, 1]


def test_sparse_and_multi_vectors_are_searched(found: QdrantClient) -> None:
    assert ids(found, query=models.SparseVector(indices=[4], values=[1]), using="words", limit=1) == [4]
    assert ids(found, query=[[1.0, 0.0]], using="tokens", limit=1) == [9]


CONDITIONS = {
    "value": (models.FieldCondition(key="n", match=models.MatchValue(value=4)), [4]),
    "true": (models.FieldCondition(key="even", match=models.MatchValue(value=True)), [0, 2, 4, 6, 8]),
    "word": (models.FieldCondition(key="kind", match=models.MatchValue(value="press")), [0, 1, 2]),
    "any": (models.FieldCondition(key="n", match=models.MatchAny(any=[1, 5])), [1, 5]),
    "except": (models.FieldCondition(key="kind", match=models.MatchExcept(**{"except": ["lathe"]})), [0, 1, 2]),
    "text": (models.FieldCondition(key="text", match=models.MatchText(text="red")), [0, 1]),
    "range": (models.FieldCondition(key="n", range=models.Range(gte=2, lt=4)), [2, 3]),
    "dates": (models.FieldCondition(key="when", range=models.DatetimeRange(lte="2024-01-02T00:00:00Z")), [0, 1]),
    "radius": (
        models.FieldCondition(
            key="place", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=13, lat=52), radius=100_000)
        ),
        [0, 1, 2, 3, 4],
    ),
    "box": (
        models.FieldCondition(
            key="place",
            geo_bounding_box=models.GeoBoundingBox(
                top_left=models.GeoPoint(lon=2, lat=49), bottom_right=models.GeoPoint(lon=3, lat=48)
            ),
        ),
        [5, 6, 7, 8, 9],
    ),
    "count": (models.FieldCondition(key="tags", values_count=models.ValuesCount(gte=2)), [1]),
    "id": (models.HasIdCondition(has_id=[3, 99]), [3]),
    "vector": (models.HasVectorCondition(has_vector="words"), list(range(10))),
    "empty": (models.IsEmptyCondition(is_empty=models.PayloadField(key="kind")), []),
    "null": (models.IsNullCondition(is_null=models.PayloadField(key="nothing")), list(range(10))),
    "not": (models.Filter(must_not=[models.FieldCondition(key="n", range=models.Range(gt=0))]), [0]),
    "should": (
        models.Filter(
            should=[models.FieldCondition(key="n", match=models.MatchValue(value=i)) for i in (1, 2)],
            must=[models.FieldCondition(key="even", match=models.MatchValue(value=False))],
        ),
        [1],
    ),
    "some of": (
        models.Filter(
            min_should=models.MinShould(
                conditions=[models.FieldCondition(key="n", range=models.Range(gt=i)) for i in (3, 7, 100)],
                min_count=2,
            )
        ),
        [8, 9],
    ),
    "nested": (
        models.NestedCondition(
            nested=models.Nested(
                key="parts",
                filter=models.Filter(
                    must=[
                        models.FieldCondition(key="name", match=models.MatchValue(value="arm")),
                        models.FieldCondition(key="size", range=models.Range(gt=8)),
                    ]
                ),
            )
        ),
        [9],
    ),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_lets_the_right_points_through(found: QdrantClient, name: str) -> None:
    condition, expected = CONDITIONS[name]
    assert matching(found, condition) == expected
    assert sorted(ids(found, query=[0.0, 0.0], query_filter=models.Filter(must=[condition]))) == expected  # type: ignore[type-var]
    assert found.count(NAME, count_filter=models.Filter(must=[condition])).count == len(expected)


@pytest.mark.parametrize("fusion", models.Fusion)
def test_prefetches_are_fused(found: QdrantClient, fusion: models.Fusion) -> None:
    near = [models.Prefetch(query=[2.0, 0.0], limit=3), models.Prefetch(query=[3.0, 0.0], limit=3)]
    assert set(ids(found, prefetch=near, query=models.FusionQuery(fusion=fusion), limit=2)) == {2, 3}


def test_fusion_takes_weights(found: QdrantClient) -> None:
    near = [models.Prefetch(query=[0.0, 0.0], limit=1), models.Prefetch(query=[9.0, 0.0], limit=1)]
    query = models.RrfQuery(rrf=models.Rrf(weights=[1, 9]))
    assert ids(found, prefetch=near, query=query, limit=1) == [9]


def test_prefetched_points_are_scored_again(found: QdrantClient) -> None:
    near = models.Prefetch(prefetch=models.Prefetch(query=[9.0, 0.0], limit=5), query=[5.0, 0.0], limit=3)
    assert ids(found, prefetch=near, query=[9.0, 0.0], limit=1) == [7]


@pytest.mark.parametrize("strategy", models.RecommendStrategy)
def test_recommendations_lie_near_the_positives(found: QdrantClient, strategy: models.RecommendStrategy) -> None:
    examples = models.RecommendInput(positive=[1, 2], negative=[[9.0, 0.0]], strategy=strategy)
    hits = ids(found, query=models.RecommendQuery(recommend=examples), limit=2)
    assert not {1, 2, 9} & set(hits)
    assert set(hits) <= {0, 3, 4}


def test_discovery_and_context_keep_to_the_positive_side(found: QdrantClient) -> None:
    pair = models.ContextPair(positive=1, negative=8)
    discovered = models.DiscoverQuery(discover=models.DiscoverInput(target=[4.0, 0.0], context=[pair]))
    assert ids(found, query=discovered, limit=1) == [4]
    assert 9 not in ids(found, query=models.ContextQuery(context=[pair]), limit=4)


def test_results_can_be_ordered_sampled_and_scored_by_a_formula(found: QdrantClient) -> None:
    by_field = models.OrderByQuery(order_by=models.OrderBy(key="n", direction=models.Direction.DESC))
    assert ids(found, query=by_field, limit=2) == [9, 8]
    assert len(set(ids(found, query=models.SampleQuery(sample=models.Sample.RANDOM), limit=5))) == 5
    formula = models.FormulaQuery(
        formula=models.SumExpression(sum=["n", models.MultExpression(mult=[-10.0, "even_one"])]),
        defaults={"even_one": 0},
    )
    assert ids(found, prefetch=models.Prefetch(query=[0.0, 0.0], limit=4), query=formula, limit=1) == [3]


def test_diverse_results_are_not_only_the_nearest(found: QdrantClient) -> None:
    query = models.NearestQuery(nearest=[0.0, 0.0], mmr=models.Mmr(diversity=0.9, candidates_limit=10))
    assert ids(found, query=query, limit=3) != [0, 1, 2]


def test_several_queries_go_in_one_request(found: QdrantClient) -> None:
    queries = [models.QueryRequest(query=[float(i), 0.0], limit=1) for i in (2, 6)]
    assert [answer.points[0].id for answer in found.query_batch_points(NAME, queries)] == [2, 6]


def test_results_are_grouped_and_looked_up(found: QdrantClient) -> None:
    answer = found.query_points_groups(
        NAME, query=[0.0, 0.0], group_by="kind", group_size=2, limit=5, with_payload=["n"], with_lookup=NAME
    )
    groups = {group.id: [hit.id for hit in group.hits] for group in answer.groups}
    assert groups == {"press": [0, 1], "lathe": [3, 4]}
    assert answer.groups[0].hits[0].payload == {"n": 0}


def test_groups_are_found_however_far_away_they_are(server: Server) -> None:
    client = server.client()
    client.create_collection("many", vectors_config=models.VectorParams(size=1, distance=models.Distance.EUCLID))
    rows = [models.PointStruct(id=i, vector=[i], payload={"kind": "near" if i < 990 else "far"}) for i in range(1000)]
    client.upsert("many", rows)
    answer = client.query_points_groups("many", query=[0.0], group_by="kind", group_size=2, limit=2)
    assert [group.id for group in answer.groups] == ["near", "far"]
    client.close()


def test_examples_are_looked_up_in_another_collection(server: Server, found: QdrantClient) -> None:
    found.create_collection("other", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    found.upsert("other", [models.PointStruct(id=77, vector=[5.1, 0])])
    assert ids(found, query=77, lookup_from=models.LookupLocation(collection="other"), limit=1) == [5]


def test_an_example_that_is_not_there_is_not_found(found: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        ids(found, query=12345)
    assert refusal.value.status_code == 404


def test_the_older_search_and_recommend_requests_work(server: Server, found: QdrantClient) -> None:
    base = f"{server.url}/collections/{NAME}/points"
    search = {"vector": [7.1, 0], "limit": 2, "with_payload": True}
    hits = httpx.post(f"{base}/search", json=search).json()["result"]
    assert [(hit["id"], hit["payload"]["n"]) for hit in hits] == [(7, 7), (8, 8)]
    named = {"vector": {"name": "words", "vector": {"indices": [3], "values": [1.0]}}, "limit": 1}
    batch = httpx.post(f"{base}/search/batch", json={"searches": [search, named]}).json()["result"]
    assert [[hit["id"] for hit in hits] for hits in batch] == [[7, 8], [3]]
    recommended = httpx.post(f"{base}/recommend", json={"positive": [3], "limit": 2}).json()["result"]
    assert {hit["id"] for hit in recommended} == {2, 4}


def test_a_distance_matrix_compares_a_sample_with_itself(found: QdrantClient) -> None:
    pairs = found.search_matrix_pairs(NAME, sample=3, limit=2).pairs
    assert len(pairs) == 6
    assert all(pair.a != pair.b for pair in pairs)
    offsets = found.search_matrix_offsets(NAME, sample=3, limit=2)
    assert (len(offsets.ids), offsets.offsets_row, len(offsets.scores)) == (3, [0, 0, 1, 1, 2, 2], 6)
