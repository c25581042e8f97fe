"""Documents: kept, listed, read, deleted, the same one once, from text and from files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from qdrant_client import models

from backend.documents.repository import point_id
from tests.backend.census import census, swept
from tests.backend.world import World, world

WORDS = "A lighthouse keeper counts the ships that pass at night. "


def text_of(chunks: int = 1) -> str:
    """A text that no test has sent, of about this many chunks."""
    return f"{uuid4()} " + WORDS * (16 * chunks)


def post(data: World, role: str = "writer", worker: int = 0, **body: Any) -> tuple[int, dict[str, Any]]:
    with data.client(role, worker) as client:
        response = client.post("/documents", json=body)
        return response.status_code, response.json()


def send(data: World, file: tuple[str, bytes, str], **fields: str) -> tuple[int, dict[str, Any]]:
    with data.client("writer") as client:
        response = client.post("/documents", files={"file": file}, data=fields)
        return response.status_code, response.json()


def points_of(data: World, document: str) -> list[models.Record]:
    condition = models.FieldCondition(key="document_id", match=models.MatchValue(value=document))
    with data.qdrant() as client:
        result, _ = client.scroll(
            data.collection, scroll_filter=models.Filter(must=[condition]), limit=1000, with_vectors=True
        )
    return sorted(result, key=lambda item: item.payload["chunk"] if item.payload else 0)


def test_a_document_arrives_whole_in_both_stores(data: World) -> None:
    text = text_of(3)
    status, item = post(
        data,
        text=text,
        title="Lighthouse",
        source="notes/lighthouse.md",
        metadata={"year": 1901, "tags": ["sea", "night"], "open": True},
    )
    assert (status, item["created"], item["title"]) == (201, True, "Lighthouse")
    result = points_of(data, item["id"])
    assert len(result) == item["chunks"] > 2
    for number, record in enumerate(result):
        assert record.id == point_id(UUID(item["id"]), number)
        assert record.payload == {
            "document_id": item["id"],
            "chunk": number,
            "text": record.payload["text"],
            "title": "Lighthouse",
            "source": "notes/lighthouse.md",
            "media_type": "text/plain",
            "metadata": {"year": 1901, "tags": ["sea", "night"], "open": True},
        }
    with data.client("reader") as client:
        body = client.get(f"/documents/{item['id']}", params={"chunks": True}).json()
        assert body["texts"] == [record.payload["text"] for record in result]
        assert body["bytes"] == len(text.strip().encode())
        assert client.get(f"/documents/{item['id']}").json()["texts"] is None
        assert client.get("/documents", params={"limit": 1}).json()["items"][0]["id"] == item["id"]


def test_the_collection_is_made_for_cosine_with_the_models_size(data: World) -> None:
    post(data, text=text_of())
    with data.qdrant() as client:
        vectors = client.get_collection(data.collection).config.params.vectors
    assert isinstance(vectors, models.VectorParams)
    assert (vectors.size, vectors.distance) == (384, models.Distance.COSINE)


def test_the_same_title_and_text_are_the_same_document(data: World) -> None:
    text = text_of(2)
    first, again = (
        post(data, text=text, title="One"),
        post(data, text=text.replace(" ", " ") + "\r\n", title="One", worker=1),
    )
    assert (first[0], again[0]) == (201, 200)
    assert (first[1]["id"], again[1]["created"]) == (again[1]["id"], False)
    assert post(data, text=text, title="Another")[0] == 201
    composed, decomposed = f"caf\u00e9 {uuid4()}", ""
    decomposed = composed.replace("\u00e9", "e\u0301")
    assert post(data, text=composed, title="T")[1]["id"] == post(data, text=decomposed, title="T")[1]["id"]


def test_an_idempotency_key_changes_nothing(data: World) -> None:
    text = text_of()
    with data.client("writer") as client:
        response = [
            client.post("/documents", json={"text": text}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
        ]
        other = client.post("/documents", json={"text": text_of()}, headers={"Idempotency-Key": "k-1"})
    assert [item.status_code for item in (*response, other)] == [201, 200, 201]
    assert (
        response[0].headers["location"] == f"/documents/{response[0].json()['id']}" == response[1].headers["location"]
    )


def test_many_at_once_with_the_same_content_make_one(data: World) -> None:
    text = text_of(4)
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(lambda number: post(data, text=text, title="same", worker=number % 2), range(24)))
    assert sorted({status for status, _ in results}) == [200, 201]
    assert [status for status, _ in results].count(201) == 1
    assert len({item["id"] for _, item in results}) == 1
    counted = census(data)
    assert (counted.orphans, counted.lost) == (frozenset(), frozenset())


def test_a_deleted_document_leaves_nothing_and_may_come_back(data: World) -> None:
    text = text_of(2)
    id_ = post(data, text=text)[1]["id"]
    with data.client("writer") as client:
        response = client.delete(f"/documents/{id_}")
        assert (response.status_code, response.content) == (204, b"")
        assert client.delete(f"/documents/{id_}").status_code == 404
        assert client.get(f"/documents/{id_}").status_code == 404
    assert points_of(data, id_) == []
    with data.postgres() as link:
        assert link.execute("SELECT count(*) FROM chunks WHERE document_id = %s", (id_,)).fetchone() == (0,)
    status, again = post(data, text=text)
    assert (status, again["id"] != id_) == (201, True)


def test_the_list_has_pages_and_counts_all(data: World) -> None:
    made = [post(data, text=text_of(), title=f"page {number}")[1]["id"] for number in range(5)]
    with data.client("reader") as client:
        pages = [client.get("/documents", params={"limit": 2, "offset": offset}).json() for offset in (0, 2, 4)]
    assert [item["id"] for page in pages for item in page["items"]][:5] == made[::-1]
    assert {page["total"] for page in pages} == {census(data).documents}


def test_a_reader_may_not_write(data: World) -> None:
    assert post(data, role="reader", text="x")[0] == 403
    with data.client("reader") as client:
        assert client.delete(f"/documents/{uuid4()}").status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"text": " \n\t "},
        {"text": "a\u0000b"},
        {"text": "a", "title": "x\u0000"},
        {"text": "a", "title": "x" * 501},
        {"text": "a", "metadata": {"a": "\u0000"}},
        {"text": "a", "metadata": {"a": 2**64}},
        {"text": "a", "metadata": {"a": [[[[[[[[[1]]]]]]]]]}},
        {"text": "a", "metadata": {"a": "x" * 70000}},
        {"text": "a", "overlap": 501},
        {"text": "a", "other": 1},
        {},
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_what_cannot_be_kept_is_refused(data: World, body: dict[str, Any]) -> None:
    status, result = post(data, **body)
    assert status == 422
    assert result["title"]


def test_numbers_that_are_none_are_refused(data: World) -> None:
    with data.client("writer") as client:
        for number in ("NaN", "Infinity", "1e999"):
            body = b'{"text": "a", "metadata": {"a": %s}}' % number.encode()
            assert (
                client.post("/documents", content=body, headers={"content-type": "application/json"}).status_code == 422
            )


def test_a_document_of_too_many_chunks_is_refused_with_the_numbers(data: World) -> None:
    status, result = post(data, text="word " * 1_100_000, overlap=0)
    assert status == 413
    assert "the limit is 5000" in result["detail"]


@pytest.mark.parametrize(
    ("file", "encoding", "text"),
    [
        (("a.md", "# Grüße\n\nText".encode(), "text/markdown"), "utf-8", "# Grüße\n\nText"),
        (("a.txt", b"\xef\xbb\xbfm\xc3\xa4rk", "text/plain"), "utf-8-sig", "märk"),
        (("a.txt", "naïve “quotes”".encode("cp1252"), "text/plain"), "cp1252", "naïve “quotes”"),
        (("a.csv", "a;b\n1;é".encode("utf-16"), "text/csv"), "utf-16", "a;b\n1;é"),
        (("a.json", b'{"key": "value"}', "application/json"), "utf-8", '{"key": "value"}'),
        (("a.unknown", b"plain", "text/x-own"), "utf-8", "plain"),
        (("NOTES.MD", b"plain", "application/octet-stream"), "utf-8", "plain"),
    ],
)
def test_files_of_text_are_read_in_their_encoding(
    data: World, file: tuple[str, bytes, str], encoding: str, text: str
) -> None:
    mark = str(uuid4())
    status, item = send(data, file, title=mark)
    assert (status, item["encoding"], item["title"]) == (201, encoding, mark)
    with data.client("reader") as client:
        assert client.get(f"/documents/{item['id']}", params={"chunks": True}).json()["texts"] == [text]


def test_a_page_is_read_as_its_reader_sees_it(data: World) -> None:
    mark = uuid4()
    html = f"<!doctype html><title>The {mark}  page</title><style>p {{}}</style><p>One<br>two &amp; <b>three</b></p><script>alert(1)</script><ul><li>a<li>b</ul>"
    status, item = send(data, ("index.html", html.encode(), "text/html"))
    assert (status, item["title"], item["media_type"]) == (201, f"The {mark} page", "text/html")
    with data.client("reader") as client:
        (text,) = client.get(f"/documents/{item['id']}", params={"chunks": True}).json()["texts"]
    assert text.split() == ["One", "two", "&", "three", "a", "b"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (("a.pdf", b"%PDF-1.7 ...", "application/pdf"), "is PDF"),
        (("a.txt", b"%PDF-1.7 ...", "text/plain"), "is PDF"),
        (("a.docx", b"PK\x03\x04....", "application/vnd.openxmlformats"), "Office document"),
        (("a.txt", b"a\x00b", "text/plain"), "control character U+0000"),
        (("a.bin", b"plain", "application/octet-stream"), "not in a known text format"),
    ],
)
def test_files_that_are_no_text_are_refused_by_their_name(
    data: World, file: tuple[str, bytes, str], words: str
) -> None:
    status, result = send(data, file)
    assert status == 415
    assert words in result["detail"]


def test_a_form_carries_the_same_fields_and_refuses_unknown_ones(data: World) -> None:
    body = f"{uuid4()} text".encode()
    status, item = send(
        data, ("C:\\notes\\a.txt", body, "text/plain"), source="somewhere", metadata='{"a": {"b": 1}}', overlap="0"
    )
    assert (status, item["title"], item["source"], item["metadata"]) == (201, "a.txt", "somewhere", {"a": {"b": 1}})
    assert send(data, ("a.txt", body, "text/plain"), colour="red")[0] == 422
    assert send(data, ("a.txt", body, "text/plain"), metadata="{")[0] == 422
    assert send(data, ("a.txt", body, "text/plain"), metadata="[1]")[0] == 422
    assert send(data, ("a.txt", body, "text/plain"), overlap="many")[0] == 422
    with data.client("writer") as client:
        assert client.post("/documents", files={"other": b"x"}).status_code == 422
        assert (
            client.post(
                "/documents", content=b"--b\r\nno end", headers={"content-type": "multipart/form-data; boundary=b"}
            ).status_code
            == 400
        )
        assert (
            client.post("/documents", content=b"", headers={"content-type": "multipart/form-data"}).status_code == 400
        )


def test_a_collection_of_another_size_is_a_conflict_with_both_numbers(data: World) -> None:
    with data.qdrant() as client:
        client.create_collection(
            "test_other_size", vectors_config=models.VectorParams(size=768, distance=models.Distance.COSINE)
        )
    with world(data.stores, "other_size", workers=1, beside=data) as other:
        status, result = post(other, text=text_of())
        assert (status, result["collection_dimensions"], result["model_dimensions"]) == (409, 768, 384)
        with other.client("reader") as reader:
            assert reader.get("/search", params={"q": "x"}).status_code == 409
        with other.postgres() as link:
            assert link.execute("SELECT count(*) FROM documents").fetchone() == (0,)


def test_a_collection_with_one_named_vector_is_used_by_its_name(data: World) -> None:
    with data.qdrant() as client:
        client.create_collection(
            "test_named", vectors_config={"minilm": models.VectorParams(size=384, distance=models.Distance.COSINE)}
        )
    with world(data.stores, "named", workers=1, beside=data) as other:
        text = text_of()
        assert post(other, text=text)[0] == 201
        with other.client("reader") as reader:
            assert reader.get("/search", params={"q": text}).json()["results"][0]["score"] > 0.9


def test_nothing_is_left_unfinished_after_all_this(data: World) -> None:
    swept(data)
    swept(data)
    counted = census(data)
    assert (counted.orphans, counted.lost, counted.unfinished) == (frozenset(), frozenset(), 0)


@pytest.mark.parametrize("text", ["<a " * 300_000, "<!--" * 225_000, '<a b="' * 150_000])
def test_a_page_that_no_parser_ends_with_is_refused(data: World, text: str) -> None:
    status, told = send(data, ("page.html", text.encode(), "text/html"))
    assert (status, told["title"]) == (422, "the page cannot be read")


def test_two_files_are_not_one_document(data: World) -> None:
    with data.client("writer") as client:
        said = client.post(
            "/documents", files=[("file", ("a.txt", b"one", "text/plain")), ("file", ("b.txt", b"two", "text/plain"))]
        )
    assert (said.status_code, said.json()["title"]) == (422, "a field is given twice")


def test_metadata_that_is_nested_without_end_is_refused(data: World) -> None:
    status, told = send(data, ("a.txt", b"text", "text/plain"), metadata="[" * 100_000)
    assert (status, told["title"]) == (422, "invalid metadata")
