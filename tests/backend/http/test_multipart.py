"""The form reader, whatever the pieces that a body arrives in."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from backend.http.errors import ApiProblem
from backend.http.multipart import MAX_BOUNDARY, MAX_PARTS, Part, parts

FIELD = b'Content-Disposition: form-data; name="a"'
FORM = b"multipart/form-data; boundary=b"
SIZES = (1, 2, 3, 7, 50, 10_000_000)


def form(*sections: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"--b\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in sections) + b"--b--\r\n"


def read(body: bytes, size: int, content_type: bytes = FORM) -> list[tuple[Part, bytes]]:
    """The parts of a body that arrives in pieces of `size` bytes."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": piece, "more_body": at + 1 < len(pieces)} for at, piece in enumerate(pieces)
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def collect() -> list[tuple[Part, bytes]]:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type)]}
        collected: list[tuple[Part, bytes]] = []
        arrived = bytearray()
        async for event in parts(Request(scope, receive), arrived.extend):
            if isinstance(event, Part):
                collected.append((event, b""))
            else:
                part, data = collected.pop()
                collected.append((part, data + event))
        assert arrived == body
        return collected

    return asyncio.run(collect())


@pytest.mark.parametrize("size", SIZES)
def test_data_that_looks_like_a_boundary_comes_back_as_it_was(size: int) -> None:
    tricky = b"\r\r\n\r\n-\r\n--\r\n-- b\r"
    file = (b'content-disposition: form-data; name="file"; filename="x"\r\nContent-Type: Text/Plain; charset=y', tricky)
    assert read(form((FIELD, b""), file) + b"epilogue", size) == [
        (Part("a", None, ""), b""),
        (Part("file", "x", "Text/Plain; charset=y"), tricky),
    ]


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ('"holiday ☀ à\u00a0.jpg"'.encode(), "holiday ☀ à\u00a0.jpg"),
        (b'"caf\xe9.txt"', "caf\ufffd.txt"),
        (b'"a\\"b.txt"', 'a"b.txt'),
        (b'"a%22b.txt"', 'a"b.txt'),
        (b'"a; name=x.txt"', "a; name=x.txt"),
        (b'""', ""),
        (b"plain.txt", "plain.txt"),
    ],
)
def test_file_names_are_read_as_browsers_write_them(filename: bytes, expected: str) -> None:
    head = b'Content-Disposition: form-data; name="file"; filename=' + filename
    assert [part.filename for part, _ in read(form((head, b"x")), 3)] == [expected]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("body", "content_type", "detail"),
    [
        (form((FIELD, b"x")), b"multipart/form-data", "its content type names no boundary"),
        (form((FIELD, b"x")), b"multipart/form-data; boundary=", "its content type names no boundary"),
        (b"", b"multipart/form-data; boundary=" + b"b" * (MAX_BOUNDARY + 1), "more than 256 bytes"),
        (b"", FORM, "it ended before its last boundary"),
        (b'{"no": "form"}', FORM, "it ended before its last boundary"),
        (b"--b\r\n" + FIELD, FORM, "it ended before its last boundary"),
        (b"--b\r\n" + FIELD + b"\r\n\r\nhalf a fi", FORM, "it ended before its last boundary"),
        (form((FIELD, b"x"))[:-4], FORM, "it ended before its last boundary"),
        (form((b"Content-Disposition: form-data", b"x")), FORM, "a part has no name"),
        (form((b"Content-Type: text/plain", b"x")), FORM, "Content-Disposition"),
        (form(*[(FIELD, b"x")] * (MAX_PARTS + 1)), FORM, "it has more than 100 parts"),
        (form((FIELD + b"\r\nX-Header: y" * 8, b"x")), FORM, "header count exceeded"),
        (form((FIELD + b"; z=" + b"y" * 5000, b"x")), FORM, "header length exceeded"),
        (b"--b\r\nX" + b"y" * 100_000, FORM, "header length exceeded"),
        (form((FIELD + b"\r\nno colon", b"x")), FORM, "Malformed"),
    ],
)
def test_a_broken_form_is_a_400_that_says_what_is_wrong(
    body: bytes, content_type: bytes, detail: str, size: int
) -> None:
    with pytest.raises(ApiProblem) as refused:
        read(body, size, content_type)
    assert (refused.value.status, refused.value.title) == (400, "the form is broken")
    assert detail in refused.value.detail


def test_as_many_parts_and_headers_as_allowed_are_read() -> None:
    assert len(read(form(*[(FIELD + b"\r\nX-Header: y" * 7, b"x")] * MAX_PARTS), 1000)) == MAX_PARTS
