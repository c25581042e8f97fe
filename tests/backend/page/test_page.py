"""The page's server: what it compresses, what it lets a browser keep, what it never serves, and what it tells the
browser to refuse.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import httpx
import pytest
import zstandard
from starlette.requests import Request

from backend.page.app import Page
from backend.page.cluster import Cluster
from backend.page.files import read

PORTS = (8000, 8080, 3001)
INDEX = b"<!doctype html><html><script src=/assets/app-1a2b.js></script></html>"
SCRIPT = b"export const words = 'a page, a page, a page';\n" * 100
FILES = {
    "index.html": INDEX,
    "assets/app-1a2b.js": SCRIPT,
    "assets/app-1a2b.js.map": b'{"sources":["/home/ana/secret.ts"]}',
    "assets/dot-3c4d.png": b"\x89PNG" + bytes(2000),
    "icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
    ".env": b"TOKEN=omt_1",
    ".vite/manifest.json": b"{}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build, with what a careless one leaves behind."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Page:
    """It, served."""
    return Page(read(folder), Cluster(PORTS))


def get(page: Page, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """One answer, as it was sent: not decompressed."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://localhost:3000") as client:  # type: ignore[arg-type]
            names = {key.replace("_", "-"): value for key, value in headers.items()}
            async with client.stream(method, path, headers={"accept-encoding": "identity", **names}) as answer:
                answer._content = b"".join([piece async for piece in answer.aiter_raw()])
                return answer

    return asyncio.run(ask())


def request(path: str, **headers: tuple[str, ...]) -> Request:
    """One request, before it is answered."""
    pairs = [(key.replace("_", "-").encode(), value.encode()) for key, values in headers.items() for value in values]
    return Request({"type": "http", "method": "GET", "path": path, "headers": pairs})


@pytest.mark.parametrize("path", ["/", "/search", "/runs/20261125-101112-migrate", "/deep/er/42", "/index.html"])
def test_every_path_that_is_no_file_is_the_page(page: Page, path: str) -> None:
    answer = get(page, path)
    assert (answer.status_code, answer.content) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_name_with_a_dot_is_the_page_for_a_person_and_missing_for_a_script(page: Page) -> None:
    assert get(page, "/bench/search-2.1", accept="text/html,*/*;q=0.8").content == INDEX
    assert get(page, "/bench/search-2.1", accept="*/*").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/assets/app-1a2b.js.map",
        "/.env",
        "/.vite/manifest.json",
        "/.git/config",
        "/assets/gone.js",
        "/assets/gone",
        "/missing.js",
        "/../pyproject.toml",
        "/%2e%2e/etc/passwd",
        "//etc/passwd.txt",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_source_maps_hidden_files_and_what_lies_outside_are_not_there(page: Page, path: str, accept: str) -> None:
    answer = get(page, path, accept=accept)
    assert answer.content in (b"not found\n", INDEX)
    assert answer.status_code == 404 or (
        accept == "text/html" and path in ("/missing.js", "/../pyproject.toml", "//etc/passwd.txt")
    )


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, identity;q=0", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("GZIP", "gzip"),
        ("identity", ""),
        ("br", ""),
        ("gzip;q=0", ""),
        ("", ""),
        ("gzip;q=often", ""),
    ],
)
def test_the_smallest_coding_that_the_browser_accepts_is_sent(page: Page, accepted: str, coding: str) -> None:
    answer = get(page, "/assets/app-1a2b.js", accept_encoding=accepted)
    assert answer.headers.get("content-encoding", "") == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(answer.content)
    unpack = {"": bytes, "gzip": gzip.decompress, "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body)}[
        coding
    ]
    assert unpack(answer.content) == SCRIPT
    assert len(answer.content) < len(SCRIPT) or not coding


@pytest.mark.parametrize("path", ["/assets/dot-3c4d.png", "/icon.svg"])
def test_what_would_not_get_smaller_is_sent_as_it_is(page: Page, path: str) -> None:
    answer = get(page, path, accept_encoding="gzip, zstd")
    assert "content-encoding" not in answer.headers
    assert "vary" not in answer.headers


def test_hashed_files_are_kept_for_ever_and_the_rest_is_asked_for_each_time(page: Page) -> None:
    assert get(page, "/assets/app-1a2b.js").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert get(page, "/icon.svg").headers["cache-control"] == "no-cache"


def test_a_browser_that_has_the_page_gets_304_and_no_body(page: Page) -> None:
    tag = get(page, "/", accept_encoding="gzip").headers["etag"]
    for item in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = get(page, "/search", if_none_match=item)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "content-security-policy" in answer.headers
    assert get(page, "/", if_none_match='"other"').status_code == 200


def test_each_coding_has_a_tag_of_its_own_and_any_of_them_is_known(page: Page) -> None:
    tags = {
        get(page, "/assets/app-1a2b.js", accept_encoding=coding).headers["etag"]
        for coding in ("identity", "gzip", "zstd")
    }
    assert len(tags) == 3
    assert all(
        get(page, "/assets/app-1a2b.js", accept_encoding="zstd", if_none_match=tag).status_code == 304 for tag in tags
    )


def test_a_new_build_has_new_tags(page: Page, folder: Path) -> None:
    (folder / "index.html").write_bytes(INDEX + b"\n")
    assert get(Page(read(folder), Cluster(PORTS)), "/").headers["etag"] != get(page, "/").headers["etag"]


def test_head_is_get_without_a_body(page: Page) -> None:
    get_, head = (
        get(page, "/assets/app-1a2b.js", accept_encoding="zstd"),
        get(page, "/assets/app-1a2b.js", "HEAD", accept_encoding="zstd"),
    )
    assert head.content == b""
    assert dict(head.headers) == dict(get_.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(page: Page, method: str) -> None:
    answer = get(page, "/", method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "localhost:49152"])
def test_the_browser_is_told_where_the_backends_are_under_the_name_it_used(page: Page, host: str) -> None:
    answer = get(page, "/cluster.json", host=host)
    name = host.partition(":")[0]
    assert answer.json() == {"backends": [f"http://{name}:{port}" for port in PORTS]}
    assert answer.headers["cache-control"] == "no-store"
    connect = policy(answer)["connect-src"]
    assert connect == [
        "'self'",
        *(f"http://{name}:{port}" for port in PORTS),
        *(f"ws://{name}:{port}" for port in PORTS),
    ]


@pytest.mark.parametrize("path", ["/", "/cluster.json", "/assets/app-1a2b.js"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "localhost:x", "127.0.0.1.evil.example", ""]
)
def test_other_names_for_this_machine_are_refused(page: Page, host: str, path: str) -> None:
    answer = get(page, path, host=host)
    assert answer.status_code == 400
    assert host == "" or host.encode() not in answer.content


def test_two_hosts_are_refused(page: Page) -> None:
    assert page.respond(request("/", host=("localhost", "evil.example"))).status_code == 400
    assert page.respond(request("/")).status_code == 400


@pytest.mark.parametrize("path", ["/", "/search", "/assets/app-1a2b.js", "/missing.js", "/cluster.json"])
def test_every_answer_forbids_what_the_page_does_not_need(page: Page, path: str) -> None:
    answer = get(page, path)
    rules = policy(answer)
    assert rules["default-src"] == rules["script-src"] == rules["style-src"] == rules["form-action"] == ["'self'"]
    assert rules["base-uri"] == rules["frame-ancestors"] == rules["object-src"] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/search", "/missing.js"])
def test_a_checkout_without_a_build_says_what_to_run(tmp_path: Path, path: str) -> None:
    answer = get(Page(read(tmp_path / "none"), Cluster(PORTS)), path)
    assert answer.status_code == 503
    assert "npm run build" in answer.text


def test_files_are_compressed_once_and_the_same_way_each_time(folder: Path) -> None:
    first, second = read(folder), read(folder)
    assert {path: entry.bodies for path, entry in first.items()} == {path: item.bodies for path, item in second.items()}
    page = Page(first, Cluster(PORTS))
    answer = page.respond(request("/assets/app-1a2b.js", host=("localhost",), accept_encoding=("zstd",)))
    assert answer.body is first["/assets/app-1a2b.js"].bodies["zstd"]


def test_cluster_json_is_json(page: Page) -> None:
    answer = get(page, "/cluster.json")
    assert answer.headers["content-type"] == "application/json"
    assert list(json.loads(answer.content)) == ["backends"]


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    """The content security policy, by directive."""
    return {
        name: values
        for name, *values in (rule.split() for rule in answer.headers["content-security-policy"].split(";"))
    }
