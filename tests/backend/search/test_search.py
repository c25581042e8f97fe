"""Search: by meaning, with filters, over documents and over what the collection held before."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from qdrant_client import models

from tests.backend.census import no_sweeping
from tests.backend.documents.test_documents import post
from tests.backend.world import World


def search(data: World, status: int = 200, **params: Any) -> dict[str, Any]:
    with data.client("reader") as client:
        response = client.get("/search", params=params)
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def embedded(data: World, text: str) -> list[float]:
    with data.client("reader") as client:
        vector: list[float] = client.post("/embed", json={"texts": [text]}).json()["embeddings"][0]
        return vector


@pytest.fixture(scope="module")
def animals(data: World) -> str:
    """Four documents; their `metadata.set` is returned."""
    mark = str(uuid4())
    for title, text, more in (
        (
            "Otters",
            "Otters hold hands while they sleep on the water.",
            {"year": 2020, "wild": True, "weight": 11.5, "code": "007"},
        ),
        (
            "Bakery",
            "Sourdough bread needs a starter, flour, water and patience.",
            {"year": 2021, "wild": False, "weight": 0.5, "code": "8"},
        ),
        (
            "Compiler",
            "The compiler turns source code into machine instructions.",
            {"year": 2022, "wild": False, "weight": 3, "code": "9"},
        ),
        (
            "Dolphins",
            "Dolphins sleep with one half of their brain at a time in the sea.",
            {"year": 2023, "wild": True, "weight": 200.25, "code": "10"},
        ),
    ):
        assert post(data, text=text, title=title, source=f"{title}.md", metadata={"set": mark, **more})[0] == 201
    return mark


def titles(found: dict[str, Any]) -> list[str]:
    return [result["document"]["title"] for result in found["results"]]


def test_the_nearest_come_first_with_their_document(data: World, animals: str) -> None:
    result = search(
        data, q="Otters hold hands while they sleep on the water.", filter=f"metadata.set:{animals}", limit=4
    )
    assert titles(result)[0] == "Otters"
    first = result["results"][0]
    assert first["score"] == pytest.approx(1, abs=1e-3)
    assert (first["text"], first["source"], first["document"]["chunk"]) == (
        "Otters hold hands while they sleep on the water.",
        "Otters.md",
        0,
    )
    assert first["payload"]["metadata"]["year"] == 2020
    scores = [outcome["score"] for outcome in result["results"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["metadata.legs:" + "9" * 4301], set()),
        (["metadata.year:2021"], {"Bakery"}),
        (["metadata.wild:true"], {"Otters", "Dolphins"}),
        (["metadata.wild:true", "metadata.year:2023"], {"Dolphins"}),
        (["metadata.weight:11.5"], {"Otters"}),
        (["metadata.weight:3"], {"Compiler"}),
        (["title:Bakery"], {"Bakery"}),
        (["source:Otters.md"], {"Otters"}),
        (["metadata.code:007"], {"Otters"}),
        (["metadata.code:8"], {"Bakery"}),
        (['metadata.code:"8"'], {"Bakery"}),
        (['metadata.year:"2021"'], set()),
        (["metadata.year:1"], set()),
        ([json.dumps({"must": [{"key": "metadata.year", "range": {"gte": 2022}}]})], {"Compiler", "Dolphins"}),
        (
            [json.dumps({"must_not": [{"key": "metadata.wild", "match": {"value": True}}]}), "metadata.year:2022"],
            {"Compiler"},
        ),
        (
            [json.dumps({"should": [{"key": "title", "match": {"any": ["Otters", "Compiler"]}}]})],
            {"Otters", "Compiler"},
        ),
    ],
    ids=lambda value: ",".join(sorted(value)),
)
def test_filters_keep_what_they_say(data: World, animals: str, filters: list[str], expected: set[str]) -> None:
    assert set(titles(search(data, q="sleep", filter=[f"metadata.set:{animals}", *filters]))) == expected


@pytest.mark.parametrize(
    ("filter_", "words"),
    [
        ('{"must": [' * 130 + "1" + "]}" * 130, "nested deeper than 32 levels"),
        ("no colon", "is not key:value"),
        (":value", "is not key:value"),
        ("{not json", "it is not valid JSON"),
        ("{}", "it is empty"),
        ('{"must": [{"nonsense": 1}]}', "Qdrant rejected it:"),
        ('{"must": [{"key": "a", "match": {"value": [1]}}]}', "Qdrant rejected it:"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused_in_words(data: World, animals: str, filter_: str, words: str) -> None:
    assert words in search(data, 422, q="x", filter=filter_)["detail"]


def test_pages_and_a_threshold(data: World, animals: str) -> None:
    query = {"q": "Otters hold hands while they sleep on the water.", "filter": f"metadata.set:{animals}"}
    everything = search(data, **query, limit=4)["results"]
    assert [search(data, **query, limit=1, offset=at)["results"][0]["id"] for at in range(4)] == [
        item["id"] for item in everything
    ]
    assert titles(search(data, **query, score_threshold=0.95)) == ["Otters"]


@pytest.mark.parametrize(
    "params",
    [
        {"q": ""},
        {"q": "x", "limit": 0},
        {"q": "x", "limit": 101},
        {"q": "x", "offset": -1},
        {"q": "x", "score_threshold": "nan"},
        {},
        {"q": "x" * 8193},
    ],
)
def test_what_makes_no_sense_is_refused(data: World, params: dict[str, Any]) -> None:
    search(data, 422, **params)


def test_points_that_were_there_before_are_found_and_stay(data: World, animals: str) -> None:
    text = f"an old chunk {uuid4()}"
    foreign = {"document_id": "chapter 7", "chunk": 0, "content": "about to be found"}
    points = [
        models.PointStruct(id=7, vector=embedded(data, text), payload={"text": text, "file_path": "/old/notes.txt"}),
        models.PointStruct(id=str(uuid4()), vector=embedded(data, text + " too"), payload=foreign),
    ]
    with data.qdrant() as client:
        client.upsert(data.collection, points)
        result = search(data, q=text, limit=2)["results"]
        client.delete(data.collection, [point.id for point in points])
    assert (result[0]["id"], result[0]["document"], result[0]["text"], result[0]["source"]) == (
        7,
        None,
        text,
        "/old/notes.txt",
    )
    assert (result[1]["document"], result[1]["text"], result[1]["payload"]) == (None, "about to be found", foreign)


@pytest.mark.parametrize("state", ["pending", "deleting"])
def test_points_of_a_document_that_is_not_ready_are_not_shown_and_others_take_their_place(
    data: World, animals: str, state: str
) -> None:
    mark = str(uuid4())
    made = [
        post(data, text=f"the tide table of harbour {number} {uuid4()}", metadata={"set": mark})[1]["id"]
        for number in range(4)
    ]
    with no_sweeping(data), data.postgres() as link:
        link.execute("UPDATE documents SET state = %s WHERE id = ANY(%s::uuid[])", (state, made[:2]))
        result = search(data, q="tide table", filter=f"metadata.set:{mark}", limit=2)["results"]
        link.execute("UPDATE documents SET state = 'ready' WHERE id = ANY(%s::uuid[])", (made[:2],))
    assert {item["document"]["id"] for item in result} == set(made[2:])


def test_stages_and_cache_are_told(data: World, animals: str) -> None:
    question = f"how do they sleep {uuid4()}"
    with data.client("reader") as client:
        response = [client.get("/search", params={"q": question}).headers for _ in range(2)]
    assert response[0]["x-cache"].startswith("hits=0")
    assert response[1]["x-cache"].startswith("hits=1")
    stages = {part.partition(";")[0].strip() for part in response[0]["server-timing"].split(",")}
    assert {"cache", "inference", "qdrant", "postgres", "total"} <= stages


def test_scores_are_cosines_of_the_embeddings(data: World, animals: str) -> None:
    result = search(data, q="sea animals asleep", filter=f"metadata.set:{animals}", limit=4)["results"]
    question = np.array(embedded(data, "sea animals asleep"))
    for item in result:
        assert item["score"] == pytest.approx(float(question @ np.array(embedded(data, item["text"]))), abs=1e-4)
