"""Uploads: whole or not at all, on disk and in PostgreSQL, in constant memory."""

from __future__ import annotations

import base64
import hashlib
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.backend.census import swept
from tests.backend.world import World, world

MEGABYTE = 1024 * 1024


def left(data: World) -> tuple[list[str], list[str], set[str]]:
    """Names of finished files, of files on their way, and ids of rows."""
    incoming = data.uploads / ".incoming"
    files = [path.name for path in data.uploads.glob("upload-*")] if data.uploads.is_dir() else []
    with data.postgres() as link:
        rows = {str(id_) for (id_,) in link.execute("SELECT id FROM uploads").fetchall()}
    return sorted(files), sorted(os.listdir(incoming)) if incoming.is_dir() else [], rows


def upload(
    data: World,
    content: Any,
    status: int = 201,
    role: str = "writer",
    params: dict[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    with data.client(role) as client:
        response = client.post(
            "/uploads", content=content, params=params, headers={"content-type": "application/octet-stream", **headers}
        )
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def pieces(megabytes: int) -> Iterator[bytes]:
    for number in range(megabytes):
        yield bytes([number % 251]) * MEGABYTE


@contextmanager
def watched(process: psutil.Process) -> Iterator[list[int]]:
    """Collect the resident size of a process, in bytes, while the block runs."""
    sizes, done = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            sizes.append(process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield sizes
    finally:
        done.set()
        thread.join()


def test_a_file_comes_back_as_it_was_and_goes_for_good(data: World) -> None:
    content = os.urandom(3 * MEGABYTE + 17)
    item = upload(
        data, content, params={"name": "../../etc/naïve\u0007 name.bin"}, **{"content-type": "application/x-own; a=b"}
    )
    assert (item["bytes"], item["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (item["name"], item["media_type"]) == ("naïve name.bin", "application/x-own")
    with data.client("reader") as client:
        assert client.get(f"/uploads/{item['id']}").json() == item
        response = client.get(f"/uploads/{item['id']}/content")
        assert response.content == content
        assert response.headers["content-type"] == "application/x-own"
        assert response.headers["content-disposition"].startswith("attachment")
        assert (
            response.headers["repr-digest"]
            == f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
        )
        assert client.get(f"/uploads/{item['id']}/content", headers={"range": "bytes=10-19"}).content == content[10:20]
    mode = (data.uploads / f"upload-{item['id']}").stat().st_mode & 0o777
    assert mode == 0o640
    with data.client("writer") as client:
        assert client.delete(f"/uploads/{item['id']}").status_code == 204
        assert client.delete(f"/uploads/{item['id']}").status_code == 404
        assert client.get(f"/uploads/{item['id']}").status_code == 404
    files, incoming, rows = left(data)
    assert item["id"] not in rows | set(incoming)
    assert f"upload-{item['id']}" not in files


def test_a_form_holds_the_file_in_its_field(data: World) -> None:
    content = os.urandom(MEGABYTE)
    with data.client("writer") as client:
        response = client.post(
            "/uploads", files={"file": ("holiday ☀.jpg", content, "image/jpeg")}, data={"note": "x" * 100_000}
        )
        assert response.status_code == 201, response.text
        assert (response.json()["name"], response.json()["media_type"], response.json()["sha256"]) == (
            "holiday ☀.jpg",
            "image/jpeg",
            hashlib.sha256(content).hexdigest(),
        )
        assert response.headers["location"] == f"/uploads/{response.json()['id']}"
        assert client.post("/uploads", files={"other": b"x"}).status_code == 422
        assert client.post("/uploads", files=[("file", b"x"), ("file", b"y")]).status_code == 422
        assert (
            client.post(
                "/uploads", content=b"--b\r\n", headers={"content-type": "multipart/form-data; boundary=b"}
            ).status_code
            == 400
        )


@pytest.mark.parametrize("is_form", [False, True])
def test_fifty_megabytes_pass_in_constant_memory(data: World, is_form: bool) -> None:
    worker = psutil.Process(data.workers[0].pid)
    upload(data, b"warm")  # what the first upload imports does not count
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="big"\r\n\r\n'
    body = [head, *pieces(50), b"\r\n--b--\r\n"] if is_form else list(pieces(50))
    kind = {"content-type": "multipart/form-data; boundary=b"} if is_form else {}
    with watched(worker) as sizes:
        item = upload(data, iter(body), **kind)
    assert item["bytes"] == 50 * MEGABYTE
    assert item["sha256"] == hashlib.sha256(b"".join(pieces(50))).hexdigest()
    assert max(sizes) - sizes[0] < 16 * MEGABYTE
    assert (data.uploads / f"upload-{item['id']}").stat().st_size == 50 * MEGABYTE


@pytest.mark.parametrize("name", ["content-digest", "digest"])
def test_a_checksum_of_the_body_is_checked(data: World, name: str) -> None:
    content = os.urandom(1000)
    before = left(data)

    def said(digest: bytes, algorithm: str = "sha-256") -> str:
        coded = base64.b64encode(digest).decode()
        return f"{algorithm}=:{coded}:" if name == "content-digest" else f"{algorithm.upper()}={coded}"

    wrong = upload(data, content, 422, **{name: said(hashlib.sha256(b"other").digest())})
    assert (wrong["found"], wrong["expected"]) == (
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(b"other").hexdigest(),
    )
    upload(data, content, 422, **{name: said(hashlib.sha512(b"other").digest(), "sha-512")})
    upload(data, content, 400, **{name: said(b"1234", "crc32c")})
    upload(data, content, 400, **{name: "nonsense"})
    upload(data, content, 422, params={"sha256": hashlib.sha256(b"other").hexdigest()})
    assert left(data) == before
    upload(data, content, **{name: said(hashlib.sha256(content).digest())})
    upload(data, content, **{name: said(hashlib.sha512(content).digest(), "sha-512")})
    upload(data, content, params={"sha256": hashlib.sha256(content).hexdigest().upper()})


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_that_is_cut_off_leaves_nothing(data: World, chunked: bool) -> None:
    before = left(data)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {4 * MEGABYTE}"
    head = f"POST /uploads HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {data.tokens['writer']}\r\n{length}\r\n\r\n"
    body = b"x" * (2 * MEGABYTE)
    with socket.create_connection(("127.0.0.1", data.ports[0])) as link:
        link.sendall(head.encode() + (b"%x\r\n%s\r\n" % (len(body), body) if chunked else body))
        _until(lambda: left(data)[1] != before[1])
    _until(lambda: left(data) == before)


def test_an_upload_that_is_too_large_is_refused_before_and_while_it_comes(data: World) -> None:
    with world(data.stores, "small_uploads", workers=1, beside=data, OMNIMIND_UPLOAD_BYTES=str(MEGABYTE)) as small:
        assert upload(small, b"x" * (MEGABYTE + 1), 413)["limit_bytes"] == MEGABYTE
        assert upload(small, iter([b"x" * MEGABYTE, b"y"]), 413)["limit_bytes"] == MEGABYTE
        with small.client("writer") as client:
            assert client.post("/uploads", files={"file": b"x" * (MEGABYTE + 1)}).status_code == 413
        with socket.create_connection(
            ("127.0.0.1", small.ports[0])
        ) as link:  # refused by its length alone: nothing of it is sent
            head = f"POST /uploads HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {small.tokens['writer']}\r\nContent-Length: 99999999\r\n\r\n"
            link.sendall(head.encode())
            assert b" 413 " in link.recv(4096)
        assert left(small) == ([], [], set())
        assert upload(small, b"x" * MEGABYTE)["bytes"] == MEGABYTE


def test_a_file_that_may_not_grow_is_a_full_disk(data: World) -> None:
    before = left(data)
    worker = psutil.Process(data.workers[0].pid)
    worker.rlimit(psutil.RLIMIT_FSIZE, (3 * MEGABYTE, resource.RLIM_INFINITY))
    try:
        assert upload(data, pieces(5), 507)["title"] == "not enough disk space for the upload"
    finally:
        worker.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert left(data) == before
    upload(data, pieces(5))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_nothing_is_left(data: World, tmp_path: Path) -> None:
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)), check=True)
    try:
        with world(
            data.stores, "full_disk", workers=1, beside=data, OMNIMIND_UPLOADS=str(tmp_path / "uploads")
        ) as full:
            assert "No space left" in upload(full, pieces(6), 507)["detail"]
            with full.client("writer") as client:
                assert client.post("/uploads", files={"file": b"x" * (6 * MEGABYTE)}).status_code == 507
            assert left(full) == ([], [], set())
            upload(full, pieces(2))
    finally:
        subprocess.run(("umount", str(tmp_path)), check=True)


def test_without_postgres_an_upload_is_refused_and_leaves_nothing(data: World) -> None:
    with world(data.stores, "no_postgres", workers=1, beside=data) as alone:
        upload(alone, b"first")
        before = left(alone)
        data.stores.postgres.stop(9)
        try:
            upload(alone, b"second", 503)
        finally:
            data.stores.postgres.start()
        assert left(alone) == before
    data.settle()


def test_a_worker_killed_while_it_takes_an_upload_leaves_nothing_that_a_sweep_does_not_clear(data: World) -> None:
    with world(data.stores, "killed_upload", workers=1, beside=data) as alone:
        kept = upload(alone, b"kept")

        def slow() -> Iterator[bytes]:
            yield b"x" * (2 * MEGABYTE)
            _until(lambda: len(left(alone)[1]) == 1)
            alone.workers[0].stop(signal.SIGKILL)
            yield b"y"

        with pytest.raises(httpx.HTTPError):
            upload(alone, slow())
        (partly,) = left(alone)[1]
        old = time.time() - 60
        os.utime(alone.uploads / ".incoming" / partly, (old, old))
        assert swept(alone).uploads == 1
        assert left(alone) == ([f"upload-{kept['id']}"], [], {kept["id"]})


def test_a_sweep_gives_a_file_whose_row_is_there_its_name_and_touches_no_other(data: World) -> None:
    item = upload(data, b"content")
    finished, incoming = data.uploads / f"upload-{item['id']}", data.uploads / ".incoming" / item["id"]
    others = (data.uploads / "somebody's.txt", data.uploads / f"upload-{uuid4()}", data.uploads / ".incoming" / "note")
    for other in others:
        other.write_text("not ours")
    finished.rename(incoming)
    with data.client("reader") as client:
        assert client.get(f"/uploads/{item['id']}/content").content == b"content"  # found where it is
    old = time.time() - 60
    os.utime(incoming, (old, old))
    os.utime(others[2], (old, old))
    _until(lambda: swept(data) and finished.exists())
    assert not incoming.exists()
    for other in others:
        assert other.read_text() == "not ours"
        other.unlink()


def test_a_reader_may_fetch_and_not_store(data: World) -> None:
    upload(data, b"x", 403, role="reader")
    with data.client("reader") as client:
        assert client.delete(f"/uploads/{uuid4()}").status_code == 403


def _until(done: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
