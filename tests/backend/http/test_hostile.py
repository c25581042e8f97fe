"""What a hostile page, program or cable may try: gpu_rel 3.5 and 3.7 row 23.

Bytes are written by hand where a client would not send them.
"""

from __future__ import annotations

import socket
import threading
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.backend.cluster import COOKIE, Cluster

PAGE = "http://localhost:3000"
EVIL = "http://evil.example"


def raw(core: Cluster, data: bytes, worker: int = 0, *, end: bool = False) -> bytes:
    """Send bytes, return all that comes until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", core.ports[worker]), timeout=10) as link:
        link.sendall(data)
        if end:
            link.shutdown(socket.SHUT_WR)
        said = b""
        try:
            while more := link.recv(65536):
                said += more
        except (TimeoutError, ConnectionResetError):
            pass
        return said


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", *headers, "Connection: close", "", ""]).encode()


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.",
        "[::2]",
        "",
        "0.0.0.0",
        "localhost:80:80",
        "localhost, evil.example",
    ],
)
def test_another_name_for_this_host_is_refused(core: Cluster, host: str) -> None:
    assert status(raw(core, get("/health/live", f"Host: {host}"))) == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"])
def test_the_names_of_this_host_are_taken_with_any_port(core: Cluster, host: str) -> None:
    assert status(raw(core, get("/health/live", f"Host: {host}"))) == 200


def test_a_server_that_is_open_to_the_network_takes_addresses_and_its_own_name_only(core: Cluster) -> None:
    with core.another(OMNIMIND_HOSTS="any-address,ws") as worker:

        def ask(host: str, *headers: str) -> int:
            return status(raw(core, get("/health/live", f"Host: {host}", *headers), worker))

        assert {ask(host) for host in ("192.0.2.7:9000", "[2001:db8::7]:9000", "ws", "localhost")} == {200}
        assert {ask(host) for host in ("evil.example", "192.0.2.7.evil.example", "[192.0.2.7]", "ws.evil.example")} == {
            400
        }
        assert ask("192.0.2.7:8000", "Origin: http://192.0.2.7:3000") == 200
        assert ask("192.0.2.7:8000", "Origin: http://192.0.2.66:3000") == 403, "another host's page"


def test_two_hosts_or_none_are_refused(core: Cluster) -> None:
    assert status(raw(core, get("/health/live", "Host: localhost", "Host: evil.example"))) == 400
    assert status(raw(core, get("/health/live"))) == 400
    assert status(raw(core, get("/health/live", version="1.0"))) == 400


def handshake(core: Cluster, **headers: str) -> int:
    """Open the telemetry; return 101, or the status that refused it."""
    words = {key.replace("_", "-"): value for key, value in headers.items()}
    host, origin = words.pop("Host", None), words.pop("Origin", None)
    if host:  # the client writes that header itself
        lines = [
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version: 13",
        ]
        lines += [f"{key}: {value}" for key, value in words.items()]
        return status(raw(core, "\r\n".join(["GET /ws/telemetry HTTP/1.1", *lines, "", ""]).encode()))
    try:
        with connect(
            f"ws://127.0.0.1:{core.ports[0]}/ws/telemetry", additional_headers=words, origin=origin, proxy=None
        ):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def test_a_websocket_is_for_our_page_and_for_programs_with_a_login(core: Cluster) -> None:
    with core.logged_in("reader") as browser:
        cookie = f"{COOKIE}={browser.cookies[COOKIE]}"
    assert handshake(core, Cookie=cookie) == 101
    assert handshake(core, Cookie=cookie, Origin=PAGE) == 101
    assert handshake(core, Authorization=f"Bearer {core.token('reader')}") == 101
    assert handshake(core, Cookie=cookie, Origin=EVIL) == 403
    assert handshake(core, Cookie=cookie, Origin="null") == 403
    assert handshake(core, Cookie=cookie, Sec_Fetch_Site="cross-site") == 403
    assert handshake(core, Cookie=cookie, Host="evil.example") == 400
    assert handshake(core) == 401
    assert handshake(core, Cookie=f"{COOKIE}=forged") == 401


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "null",
        "http://localhost:1",
        "https://localhost:3000",
        "http://localhost:3000.evil.example",
        "http://localhost:3000, http://evil.example",
        "",
    ],
)
def test_a_foreign_page_cannot_make_us_do_anything(core: Cluster, origin: str) -> None:
    with core.logged_in() as browser:
        token = browser.cookies[COOKIE]
        for method, path in (
            ("POST", "/auth/logout"),
            ("POST", "/users"),
            ("DELETE", "/tokens/00000000-0000-0000-0000-000000000000"),
            ("GET", "/auth/me"),
        ):
            assert browser.request(method, path, headers={"origin": origin}).status_code == 403
        assert browser.get("/auth/me").status_code == 200, "the logout was not executed"
    assert token


def test_without_an_origin_the_browsers_own_word_counts(core: Cluster) -> None:
    with core.client() as client:
        assert client.post("/auth/logout").status_code == 204  # a program
        assert client.post("/auth/logout", headers={"sec-fetch-site": "same-origin"}).status_code == 204
        assert client.post("/auth/logout", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.post("/auth/logout", headers={"sec-fetch-site": "same-site"}).status_code == 403
        assert (
            client.get(
                "/health/live", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
            ).status_code
            == 403
        )
        assert (
            client.get(
                "/health/live", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
            ).status_code
            == 200
        )


def test_a_preflight_is_answered_for_our_pages_only(core: Cluster) -> None:
    asks = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key,cache-control",
    }
    with core.client() as client:
        for origin in (PAGE, "http://127.0.0.1:3000", "http://[::1]:3000", "http://localhost:8080"):
            said = client.options("/documents", headers={**asks, "origin": origin})
            assert said.status_code == 200
            assert said.headers["access-control-allow-origin"] == origin
            assert said.headers["access-control-allow-credentials"] == "true"
            assert "*" not in said.headers["access-control-allow-origin"] + said.headers["access-control-allow-headers"]
        for origin in (EVIL, "null"):
            said = client.options("/documents", headers={**asks, "origin": origin})
            assert said.status_code == 403
            assert "access-control-allow-origin" not in said.headers


def test_our_page_may_read_the_headers_that_it_shows(core: Cluster) -> None:
    with core.client() as client:
        said = client.get("/health/live", headers={"origin": PAGE})
        exposed = {one.strip().lower() for one in said.headers["access-control-expose-headers"].split(",")}
        assert {"x-backend", "server-timing", "x-cache", "retry-after"} <= exposed
        refused = client.get("/nowhere", headers={"origin": PAGE})
        assert refused.headers["access-control-allow-origin"] == PAGE, "an error can be read too"


def test_a_large_body_is_refused_by_its_length_before_it_is_sent(core: Cluster) -> None:
    length = 16 * 1024 * 1024 + 1
    said = raw(
        core,
        get(
            "/auth/login",
            "Host: localhost",
            "Content-Type: application/json",
            f"Content-Length: {length}",
            method="POST",
        ),
    )
    assert status(said) == 413
    assert b"application/problem+json" in said


def test_a_large_body_without_a_length_is_refused_when_it_gets_too_large(core: Cluster) -> None:
    with core.another(OMNIMIND_BODY_BYTES="50000") as worker, core.client(worker) as client:

        def pieces():
            for _ in range(30):
                yield b" " * 10_000

        said = client.post("/auth/login", content=pieces(), headers={"content-type": "application/json"})
        assert said.status_code == 413
        assert said.json()["limit_bytes"] == 50_000
        assert (
            client.post("/auth/login", content=b" " * 49_999, headers={"content-type": "application/json"}).status_code
            == 422
        )
        assert "unexpected" not in core.log(worker)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999999", "abc"])
def test_a_length_that_is_no_number_or_absurd_is_refused(core: Cluster, length: str) -> None:
    assert status(raw(core, get("/auth/login", "Host: localhost", f"Content-Length: {length}", method="POST"))) in (
        400,
        413,
    )


def test_two_lengths_that_differ_do_not_smuggle_a_request(core: Cluster) -> None:
    said = raw(
        core,
        get("/auth/login", "Host: localhost", "Content-Length: 5", "Content-Length: 50", method="POST")
        + b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    assert status(said) == 400
    assert said.count(b"HTTP/1.1 ") == 1


def test_a_body_that_does_not_arrive_is_given_up_and_holds_up_nobody(core: Cluster) -> None:
    with core.another(OMNIMIND_BODY_SECONDS="1.5") as worker:
        said: list[bytes] = []

        def drip() -> None:
            with socket.create_connection(("127.0.0.1", core.ports[worker]), timeout=20) as link:
                link.sendall(
                    b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
                )
                try:
                    for _ in range(100):
                        link.sendall(b" ")
                        time.sleep(0.1)
                except OSError:
                    pass
                said.append(link.recv(65536))

        threads = [threading.Thread(target=drip) for _ in range(20)]
        for thread in threads:
            thread.start()
        with core.client(worker) as client:
            for _ in range(20):
                assert client.get("/health/live").status_code == 200
        for thread in threads:
            thread.join()
        assert {status(one) for one in said} == {408}


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nX-Evil: 1", "a\x00b", "é" * 10, "<script>", "x" * 200])
def test_no_header_of_a_request_gets_into_the_answer(core: Cluster, value: str) -> None:
    said = raw(
        core,
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: "
        + value.encode()
        + b"\r\n\r\n",
    )
    head = said.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie" not in head
    assert b"x-evil" not in head
    assert value.encode().lower() not in head


def test_a_request_id_of_ones_own_comes_back(core: Cluster) -> None:
    with core.client() as client:
        assert (
            client.get("/health/live", headers={"x-request-id": "page-42.a_b"}).headers["x-request-id"] == "page-42.a_b"
        )
        assert client.get("/health/live").headers["x-request-id"] != client.get("/health/live").headers["x-request-id"]


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/health/%2e%2e/users",
        "//evil.example/users",
        "/users/../../etc/passwd",
        "/uploads/..%2f..%2fetc%2fpasswd/content",
        "/%00",
        "/users%0d%0aX-Evil:1",
    ],
)
def test_no_path_leads_out_or_around_a_login(core: Cluster, path: str) -> None:
    said = raw(core, get(path, "Host: localhost"))
    assert status(said) in (307, 400, 401, 404, 422)
    assert b"root:" not in said
    assert b"x-evil" not in said.partition(b"\r\n\r\n")[0].lower()
    assert b"evil.example" not in said.partition(b"\r\n\r\n")[0]


def test_a_method_cannot_be_overridden(core: Cluster) -> None:
    with core.logged_in() as browser:
        for name in ("x-http-method-override", "x-method-override", "x-http-method"):
            assert browser.post("/system", headers={name: "GET"}).status_code == 405
            assert browser.get("/users?_method=POST", headers={name: "DELETE"}).status_code == 200
    assert status(raw(core, get("/users", "Host: localhost", method="TRACE"))) == 405
    assert status(raw(core, get("evil.example:443", "Host: localhost", method="CONNECT"))) in (400, 404, 405)


@pytest.mark.parametrize("where", ["token", "access_token", "api_key", COOKIE, "authorization"])
def test_a_token_in_the_query_is_not_looked_at(core: Cluster, where: str) -> None:
    token = core.token()
    with core.client() as client:
        assert client.get(f"/users?{where}={token}").status_code == 401
        assert client.get(f"/users?{where}=Bearer%20{token}").status_code == 401


def test_nobody_without_a_login_gets_anything_but_health_and_metrics(core: Cluster) -> None:
    with core.client() as client:
        described = client.get("/openapi.json").json()["paths"]
        free = {
            "/",
            "/health/live",
            "/health/ready",
            "/health/",
            "/metrics",
            "/auth/login",
            "/auth/logout",
            "/auth/session",
        }
        assert client.get("/auth/session").json() == {"me": None}
        for path, operations in described.items():
            for method in operations:
                if path not in free:
                    said = client.request(
                        method, path.replace("{name}", "x").replace("{", "0").replace("}", "0"), json={}
                    )
                    assert said.status_code in (401, 422), (method, path)
                    assert method == "get" or said.status_code == 401 or "errors" in said.json(), (method, path)


def test_the_fixed_headers_are_on_every_kind_of_answer(core: Cluster) -> None:
    with core.client() as client:
        for said in (
            client.get("/health/live"),
            client.get("/nowhere"),
            client.get("/users"),
            client.post("/system"),
            client.get("/metrics"),
            client.post("/auth/login", content=b"{"),
        ):
            assert said.headers["x-content-type-options"] == "nosniff"
            assert said.headers["cache-control"] == "no-store"
            assert said.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert said.headers["x-backend"] == f"{core.ports[0]}/1"
            assert "server" not in said.headers


def test_a_caller_without_a_login_cannot_make_us_parse_megabytes(core: Cluster) -> None:
    """1.4 million unknown keys took 17 s and 1.9 GB."""
    body = b"{" + b",".join(b'"%d":1' % number for number in range(10_000)) + b"}"
    assert len(body) > 64 * 1024
    with core.client() as client:
        for path in ("/auth/login", "/users", "/tokens", "/embed", "/documents"):
            said = client.post(path, content=body, headers={"content-type": "application/json"})
            assert (said.status_code, said.json()["limit_bytes"]) == (413, 64 * 1024), path
    with core.logged_in("writer") as browser:
        assert (
            browser.post("/auth/login", content=body, headers={"content-type": "application/json"}).status_code == 413
        )
        assert browser.post("/embed", json={"texts": ["x" * 100_000]}).status_code == 503, "there is no engine here"
        said = browser.post("/embed", content=body, headers={"content-type": "application/json"})
        assert (said.status_code, said.json()["title"]) == (422, "too many fields")


@pytest.mark.parametrize(
    "head",
    [
        ["x-long: " + "a" * (1 << 20)],
        [f"x-{number}: a" for number in range(200)],
        [f"x-{number}: {'a' * 4096}" for number in range(20)],
    ],
    ids=["one long header", "many headers", "too many bytes"],
)
def test_a_head_without_end_is_refused(core: Cluster, head: list[str]) -> None:
    assert status(raw(core, get("/health/live", "Host: localhost", *head))) == 431
    assert status(raw(core, get("/health/live", "Host: localhost"))) == 200


def test_a_path_that_is_too_long_is_refused(core: Cluster) -> None:
    assert status(raw(core, get("/" + "a" * (1 << 20), "Host: localhost"))) == 431


def test_half_a_head_is_not_waited_for(core: Cluster) -> None:
    halves = [socket.create_connection(("127.0.0.1", core.ports[0]), timeout=60) for _ in range(20)]
    try:
        for half in halves[:10]:
            half.sendall(b"GET /health/live HTTP/1.1\r\nHost: loc")
        for half in halves:
            assert status(half.recv(65536)) == 408
    finally:
        for half in halves:
            half.close()
