"""Errors: problem bodies for all of them, and no word too many."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import httpx
import pytest

from tests.backend.cluster import Cluster
from tests.services import ROOT, Process, free_port

SECRET = "omt_" + "s" * 43


def check(said: httpx.Response, status: int) -> dict[str, object]:
    assert said.status_code == status
    assert said.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = said.json()
    assert body["status"] == status
    assert body["title"]
    assert body["instance"] == said.request.url.path
    return body


def test_unknown_paths_and_methods_are_problems(core: Cluster) -> None:
    with core.client() as client:
        check(client.get("/nowhere"), 404)
        assert "GET" in client.post("/system").headers["allow"]
        check(client.post("/system"), 405)
        assert client.head("/nowhere").content == b""


def test_a_405_names_all_methods_of_its_path_and_no_other(core: Cluster) -> None:
    """RFC 9110: MUST; HEAD and OPTIONS too only where they are answered."""
    asked = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
    with core.client() as client:
        paths = {
            path: {word.upper() for word in found}
            for path, found in client.get("/openapi.json").json()["paths"].items()
        }
        assert any(len(methods) > 1 for methods in paths.values())
        for path, methods in {**paths, "/openapi.json": {"GET", "HEAD"}}.items():
            for method in set(asked) - methods:
                said = client.request(method, re.sub(r"\{.*?\}", "00000000-0000-4000-8000-000000000000", path))
                assert (method, path, said.status_code) == (method, path, 405)
                assert (path, sorted(said.headers["allow"].split(", "))) == (path, sorted(methods))


def test_a_fault_in_a_body_is_pointed_at_without_its_value(core: Cluster) -> None:
    with core.client() as client:
        said = client.post(
            "/auth/login", json={"name": "x", "password": ["a secret value"], "extra/~key": "another secret"}
        )
    body = check(said, 422)
    assert {error["pointer"] for error in body["errors"]} == {"/password", "/extra~1~0key"}  # type: ignore[attr-defined, index]
    assert "secret" not in said.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"secret"',
        b"\xff\xfe",
        b'{"name": NaN}',
        b"[" * 100_000,
        b'{"name": "\\ud800", "password": "x"}',
        b'{"name": "\\u0000", "password": "x"}',
    ],
)
def test_a_body_that_is_no_login_is_refused(core: Cluster, content: bytes) -> None:
    with core.client() as client:
        said = client.post("/auth/login", content=content, headers={"content-type": "application/json"})
    assert said.status_code in ((413,) if len(content) > 64 * 1024 else (400, 401, 422))
    assert said.headers["content-type"] == "application/problem+json"
    assert b"secret" not in said.content


def test_a_fault_in_a_path_or_query_names_the_parameter(core: Cluster) -> None:
    with core.logged_in() as admin:
        body = check(admin.patch("/users/not-a-uuid", json={}), 422)
        assert body["errors"][0] | {"detail": ""} == {"detail": "", "parameter": "user", "in": "path"}  # type: ignore[index]
        body = check(admin.get("/tokens?all=perhaps"), 422)
        assert body["errors"][0]["in"] == "query"  # type: ignore[index]
        assert "perhaps" not in json.dumps(body["errors"])


BROKEN = f"""
import os
from fastapi import WebSocket
from backend.http.log import secrets_of
from backend.main import create_app
from backend.http.server import serve
from backend.settings import load

settings = load(os.environ)
app = create_app(settings)

@app.get("/broken")
async def broken():
    raise RuntimeError("row of maria, {SECRET}, " + settings.postgres_dsn + " " + settings.redis_url + " " + settings.qdrant_api_key)

@app.get("/half")
async def half():
    from starlette.responses import StreamingResponse
    async def body():
        yield b"half"
        raise RuntimeError("{SECRET}")
    return StreamingResponse(body())

@app.websocket("/ws/broken")
async def ws(socket: WebSocket):
    raise RuntimeError("{SECRET}")

serve(app, settings.port, websockets=True, secrets=secrets_of(settings))
"""


def test_a_fault_of_ours_is_a_500_with_an_id_that_leads_to_the_trace_and_tells_nothing_else(core: Cluster) -> None:
    port = free_port()
    process = Process(
        "broken",
        (sys.executable, "-c", BROKEN),
        lambda: httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200,
        core.home / "broken.log",
        env={**core.variables, "OMNIMIND_PORT": str(port)},
    )
    process.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            said = client.get("/broken", headers={"origin": "http://localhost:3000"})
            body = check(said, 500)
            assert said.headers["access-control-allow-origin"] == "http://localhost:3000"
            assert body["id"] == said.headers["x-request-id"]
            assert not any(word in said.text for word in ("maria", "RuntimeError", SECRET, "postgresql:", "Traceback"))
            with pytest.raises(httpx.RemoteProtocolError):  # not a shorter answer that looks whole
                client.get("/half")
            upgrade = {
                "connection": "Upgrade",
                "upgrade": "websocket",
                "sec-websocket-version": "13",
                "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
            }
            assert client.get("/ws/broken", headers=upgrade).status_code == 500
            assert client.get("/health/live").status_code == 200
    finally:
        process.stop()
    lines = [json.loads(line) for line in process.log.read_text().splitlines()]
    found = next(line for line in lines if line.get("id") == body["id"])
    assert "in broken" in found["trace"]
    assert "maria" in found["message"], "who mends it needs to know"
    log = process.log.read_text()
    assert SECRET not in log
    assert not any(word in log for word in ("test-password-of-this-run", core.stores.qdrant_key))


def test_a_postgres_that_is_not_there_is_a_503_and_its_password_is_told_to_nobody(core: Cluster) -> None:
    with (
        core.another(OMNIMIND_POSTGRES_DSN="postgresql://u:secretword@127.0.0.1:1/d") as worker,
        core.client(worker) as client,
    ):
        for said in (
            client.post("/auth/login", json={"name": "x", "password": "y"}),
            client.get("/auth/me", headers={"authorization": f"Bearer {SECRET}"}),
        ):
            assert check(said, 503)["service"] == "PostgreSQL"
            assert int(said.headers["retry-after"]) > 0
            assert "secretword" not in said.text
        assert client.get("/health/live").status_code == 200
    quiet(core, worker)


def test_a_redis_that_is_not_there_is_a_503_and_its_password_is_told_to_nobody(core: Cluster) -> None:
    name, password = core.people["reader"]
    with core.another(OMNIMIND_REDIS_URL="redis://u:secretword@127.0.0.1:1/0") as worker, core.client(worker) as client:
        for said in (
            client.post("/auth/login", json={"name": name, "password": password}),
            client.get("/auth/me", headers={"cookie": "omnimind_session=" + "x" * 43}),
        ):
            assert check(said, 503)["service"] == "Redis"
            assert int(said.headers["retry-after"]) > 0
        assert client.get("/auth/me", headers={"authorization": f"Bearer {core.token('reader')}"}).status_code == 200, (
            "a token needs no Redis"
        )
        assert client.post("/auth/login", json={"name": name, "password": "wrong"}).status_code == 401
    quiet(core, worker, password)


def quiet(core: Cluster, worker: int, *more: str) -> None:
    """The log says that a store was missing, and neither a secret nor a trace."""
    log = core.log(worker)
    assert '"event": "unavailable"' in log
    assert not any(word in log for word in ("secretword", SECRET, '"trace"', *more))


def test_a_worker_without_tables_says_so(core: Cluster) -> None:
    dsn = core.stores.database("empty")
    with core.another(OMNIMIND_POSTGRES_DSN=dsn) as worker, core.client(worker) as client:
        body = check(client.post("/auth/login", json={"name": "x", "password": "y"}), 503)
        assert "migrations" in str(body["detail"])
        checks = client.get("/health/").json()["checks"]
        assert checks["postgres"]["state"] == "down"
        assert "migrations" in checks["postgres"]["detail"]


def test_postgres_killed_and_started_again_is_used_again_without_a_failed_request(core: Cluster) -> None:
    token = core.token("reader")
    with core.client(authorization=f"Bearer {token}") as script:
        assert script.get("/auth/me").status_code == 200
        core.stores.postgres.stop(9)
        try:
            check(script.get("/auth/me"), 503)
        finally:
            core.stores.postgres.start()
        assert [script.get("/auth/me").status_code for _ in range(5)] == [200] * 5


def test_redis_killed_and_started_again_is_used_again(core: Cluster) -> None:
    with core.logged_in("reader") as browser:
        core.stores.redis.stop(9)
        try:
            check(browser.get("/auth/me"), 503)
        finally:
            core.stores.redis.start()
        assert browser.get("/auth/me").status_code == 401, "this Redis kept nothing"
    with core.logged_in("reader") as browser:
        assert [browser.get("/auth/me").status_code for _ in range(5)] == [200] * 5


def test_the_log_of_a_worker_is_json_whoever_writes_it() -> None:
    script = "from backend.http import log; import logging, warnings; log.configure('info', ['pa55word']); logging.getLogger('psycopg.pool').warning('cannot log in with %s', 'pa55word'); logging.getLogger('x').info('GET /a?token=abc123&b=1 https://u:topsecret@h/ Authorization: Bearer omt_abcdef')"
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["warning", "info"]
    assert not any(word in done.stderr for word in ("pa55word", "abc123", "topsecret", "omt_abcdef"))
    assert "b=1" in done.stderr
