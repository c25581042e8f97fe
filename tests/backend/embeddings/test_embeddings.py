"""Embeddings through the API, asked as users do: OpenAI's own client, and plain HTTP."""

from __future__ import annotations

import base64
from uuid import uuid4

import numpy as np
import openai
import pytest

from tests.backend.world import World

RAW = {"accept": "application/octet-stream"}
UNICODE = [
    "São Paulo à noite",
    "数据库连接池",
    "🚀🚀 emoji 👩‍👩‍👧",
    "مرحبا بالعالم",
    "e\u0301 and é",
    "",
    "  ",
    "a\u0000b",
    "\u202eabc",
]


def client_of(data: World, role: str = "reader") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{data.url()}/v1", api_key=data.tokens[role], max_retries=0)


def fresh(count: int) -> list[str]:
    """Texts that no test has asked for."""
    return [f"text {number} of {uuid4()}" for number in range(count)]


def raw(data: World, texts: list[str], worker: int = 0, **headers: str) -> tuple[np.ndarray, dict[str, str]]:
    with data.client("reader", worker) as client:
        response = client.post("/embed", json={"texts": texts}, headers={**RAW, **headers})
    assert response.status_code == 200, response.text
    return np.frombuffer(response.content, "<f4").reshape(len(texts), -1), dict(response.headers)


def test_openais_client_gets_the_same_numbers_as_base64_and_as_floats(data: World) -> None:
    texts = fresh(5)
    with client_of(data) as client:
        default = client.embeddings.create(model="default", input=texts)  # asks for base64
        floats = client.embeddings.create(model="default", input=texts, encoding_format="float")
    assert [entry.index for entry in default.data] == [0, 1, 2, 3, 4]
    item, other = (np.array([row.embedding for row in answer.data], np.float32) for answer in (default, floats))
    assert item.tobytes() == other.tobytes() == raw(data, texts)[0].tobytes()
    assert default.usage.prompt_tokens == default.usage.total_tokens > 5
    assert item.shape == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(item, axis=1), 1, atol=1e-3)


def test_openais_client_lists_the_model_and_may_call_it_by_all_its_names(data: World) -> None:
    with client_of(data) as client:
        (model,) = client.models.list().data
        assert client.models.retrieve(model.id).id == model.id
        short = model.id.rpartition("/")[2]
        for name in (model.id, short, f"sentence-transformers/{short}", "default"):
            assert client.embeddings.create(model=name, input="one text").model == model.id


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"model": "text-embedding-3-small", "input": "x"}, openai.NotFoundError, "is not loaded; the engine has"),
        (
            {"model": "default", "input": "x", "dimensions": 64},
            openai.BadRequestError,
            "produces 384 dimensions, not 64",
        ),
        ({"model": "default", "input": [1, 2, 3]}, openai.BadRequestError, "check_embedding_ctx_length=False"),
        ({"model": "default", "input": [[1, 2], [3]]}, openai.BadRequestError, "send the text"),
        ({"model": "default", "input": []}, openai.BadRequestError, "at least 1 item"),
        ({"model": "default", "input": ["x"] * 4097}, openai.BadRequestError, "at most 4096 items"),
    ],
)
def test_openais_client_shows_what_was_wrong(
    data: World, body: dict[str, object], kind: type[openai.APIStatusError], words: str
) -> None:
    with client_of(data) as client, pytest.raises(kind, match=words) as caught:
        client.embeddings.create(**body)  # type: ignore[arg-type]
    assert caught.value.body["message"]  # type: ignore[index]
    assert caught.value.response.headers["content-type"] == "application/problem+json"
    assert caught.value.response.json()["status"] == caught.value.status_code


def test_a_client_that_sends_every_parameter_is_answered(data: World) -> None:
    with data.client("reader") as client:
        body = {"model": "default", "input": "x", "encoding_format": None, "dimensions": None, "user": None}
        said = client.post("/v1/embeddings", json=body)
    assert said.status_code == 200 and len(said.json()["data"][0]["embedding"]) == 384


def test_openais_client_hears_of_a_body_that_is_too_large(data: World) -> None:
    with client_of(data) as client, pytest.raises(openai.APIStatusError) as caught:
        client.embeddings.create(model="default", input=["x" * 17_000_000])
    assert caught.value.status_code == 413 and "body too large" in caught.value.body["message"]  # type: ignore[index]


def test_openais_client_without_a_valid_key_hears_why(data: World) -> None:
    with (
        openai.OpenAI(base_url=f"{data.url()}/v1", api_key="sk-wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.embeddings.create(model="default", input="x")
    assert "token is not valid" in caught.value.body["message"]  # type: ignore[index]


def test_dimensions_that_are_the_models_own_are_fine(data: World) -> None:
    with client_of(data) as client:
        assert (
            len(client.embeddings.create(model="default", input="x", dimensions=384, user="somebody").data[0].embedding)
            == 384
        )


def test_a_second_call_comes_from_the_cache_bit_by_bit_from_any_worker(data: World) -> None:
    texts = fresh(3)
    first, result = raw(data, texts)
    assert result["x-cache"] == "hits=0, misses=3, rate=0.00"
    second, result = raw(data, texts, worker=1)
    assert result["x-cache"] == "hits=3, misses=0, rate=1.00"
    assert first.tobytes() == second.tobytes()
    assert "inference" not in result["server-timing"]
    assert "cache;dur=" in result["server-timing"]


def test_order_is_restored_where_hits_misses_and_duplicates_are_mixed(data: World) -> None:
    known, new = fresh(3), fresh(3)
    raw(data, known)
    mixed = [new[0], known[2], new[1], known[2], known[0], new[0], new[2], known[1], new[0]]
    result, outcome = raw(data, mixed)
    assert outcome["x-cache"] == "hits=3, misses=3, rate=0.50, duplicates=3"
    for text, row in zip(mixed, result, strict=True):
        assert row.tobytes() == raw(data, [text])[0].tobytes()


def test_tokens_and_truncation_are_told_the_same_from_the_cache(data: World) -> None:
    texts = [*fresh(2), "long " * 400 + str(uuid4())]
    events = [raw(data, texts)[1] for _ in range(2)]
    assert events[0]["x-truncated"] == events[1]["x-truncated"] == "1"
    assert events[0]["x-tokens"] == events[1]["x-tokens"]
    assert int(events[0]["x-tokens"]) > 256


def test_cache_control_leaves_the_cache_alone_or_calculates_anew(data: World) -> None:
    texts = fresh(2)
    assert raw(data, texts, **{"cache-control": "no-store"})[1]["x-cache"] == "hits=0, misses=2, rate=0.00, state=off"
    assert raw(data, texts)[1]["x-cache"].startswith("hits=0")
    assert raw(data, texts, **{"cache-control": "no-cache"})[1]["x-cache"].startswith("hits=0")
    assert raw(data, texts)[1]["x-cache"].startswith("hits=2")


@pytest.mark.parametrize("text", UNICODE, ids=ascii)
def test_any_text_is_embedded_and_found_again_in_the_cache(data: World, text: str) -> None:
    first, second = raw(data, [text])[0], raw(data, [text])[0]
    assert first.tobytes() == second.tobytes()
    assert np.isfinite(first).all()


def test_4096_texts_in_one_request(data: World) -> None:
    mark = uuid4().hex[:4]
    texts = [f"{number} {mark}" for number in range(4096)]
    with data.client("reader") as client:
        body = client.post("/embed", json={"texts": texts, "encoding": "base64"}).json()
        assert client.post("/embed", json={"texts": [*texts, "one more"]}).status_code == 422
    assert (body["count"], body["dimensions"], body["truncated"]) == (4096, 384, 0)
    at = 1234
    assert base64.b64decode(body["embeddings"][at]) == raw(data, [texts[at]])[0].tobytes()


def test_embed_answers_in_json_with_floats_and_what_it_knows(data: World) -> None:
    text = fresh(1)
    with data.client("reader") as client:
        response = client.post("/embed", json={"texts": text})
    body = response.json()
    assert np.array(body["embeddings"], np.float32).tobytes() == raw(data, text)[0].tobytes()
    assert body["device"] == response.headers["x-device"] == "cpu"
    assert body["model_digest"] == response.headers["x-model-digest"]
    assert body["tokens"] == int(response.headers["x-tokens"]) > 3
    assert {"tokenise", "queue", "inference", "cache", "serialise", "total"} <= {
        part.partition(";")[0].strip() for part in response.headers["server-timing"].split(",")
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b'{"texts": []}', 422),
        (b'{"texts": "one"}', 422),
        (b'{"texts": ["a", 1]}', 422),
        (b'{"texts": ["\\ud800"]}', 422),
        (b'{"texts": ["a"], "other": 1}', 422),
        (b"[" * 100000, 422),
        (b'{"texts": ["\xff"]}', 422),
    ],
)
def test_a_body_that_does_not_fit_is_refused(data: World, body: bytes, status: int) -> None:
    with data.client("reader") as client:
        response = client.post("/embed", content=body, headers={"content-type": "application/json"})
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        assert response.json()["errors"]


def test_a_body_that_is_not_said_to_be_json_is_refused(data: World) -> None:
    with data.client("reader") as client:
        assert (
            client.post("/embed", content=b'{"texts": ["a"]}', headers={"content-type": "text/plain"}).status_code
            == 415
        )
        assert client.post("/v1/embeddings", content=b'{"input": "a"}').status_code == 415


def test_nobody_embeds_without_a_token(data: World) -> None:
    with data.client(None) as client:
        assert client.post("/embed", json={"texts": ["a"]}).status_code == 401
        assert client.post("/v1/embeddings", json={"input": "a"}).json()["error"]["type"] == "authentication_error"
