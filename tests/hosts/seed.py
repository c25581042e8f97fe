#!/usr/bin/env python3
"""Fill the sample stack with data that a migration must not lose. Runs inside the test host; standard library only,
Python 3.9.

The same `--seed` and `--points` give the same data, byte for byte. Prints what it wrote as JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import pwd
import random
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MAIN, NARRATIVES, ALIAS = "universal_machine_embeddings", "omnimind_narratives", "current"
SIZE, NARRATIVE_SIZE, NARRATIVE_POINTS = 384, 64, 500
BATCH = 1000
WORDS = [
    "memory", "consciousness", "migração", "dados", "rede", "neural", "ação", "vetor", "tempo", "sonho", "espelho", "language",
    "symbol", "machine", "universal", "körper", "größe", "naïve", "café", "記憶", "意識", "память", "🧠", "integration", "phi",
    "entropy", "loop", "observer", "signal",
]  # fmt: skip
# One text for each byte value: three times faster than formatting 384 floats for a point.
NUMBERS = [f"{(byte - 127.5) / 128:.5f}" for byte in range(256)]


def vector(noise: random.Random, size: int) -> str:
    """A vector as JSON text."""
    return "[" + ",".join(map(NUMBERS.__getitem__, noise.getrandbits(8 * size).to_bytes(size, "big"))) + "]"


def payload(noise: random.Random, number: int) -> dict[str, object]:
    """A chunk as OmniMind stores it, with the odd shapes that real payloads have."""
    body: dict[str, object] = {
        "text": " ".join(noise.choices(WORDS, k=40)),
        "source": f"file_{number % 97}.md",
        "chunk": number % 1000,
        "tags": noise.sample(WORDS, number % 4),
    }
    if number % 10 == 0:
        body["score"] = noise.random()
    if number % 50 == 0:
        body["nested"] = {"deep": {"list": [1, 2.5, None, "três"], "flag": True}, "empty": {}}
    return body


class Qdrant:
    """The few calls needed, over one connection for each thread."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def call(self, method: str, path: str, body: object = None) -> object:
        """Send one request (a `str` body is sent as it is) and return `result`."""
        data = body if isinstance(body, str) else json.dumps(body)
        link = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            link.request(method, path, None if body is None else data.encode(), {"Content-Type": "application/json"})
            answer = link.getresponse()
            text = answer.read()
        finally:
            link.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text)["result"]

    def create(self, name: str, size: int, distance: str) -> None:
        self.call("PUT", f"/collections/{name}", {"vectors": {"size": size, "distance": distance}})

    def upsert(self, name: str, batches: Iterator[str]) -> None:
        """Send batches two at a time, in order of their making."""
        with ThreadPoolExecutor(2) as pool:
            waiting = []
            for batch in batches:
                waiting.append(pool.submit(self.call, "PUT", f"/collections/{name}/points?wait=true", batch))
                if len(waiting) >= 4:
                    waiting.pop(0).result()
            for sent in waiting:
                sent.result()

    def count(self, name: str) -> object:
        result = self.call("POST", f"/collections/{name}/points/count", {"exact": True})
        return result["count"]  # type: ignore[index]


def batches(seed: int, points: int) -> Iterator[str]:
    """Request bodies for the main collection; ids count from 0."""
    for start in range(0, points, BATCH):
        noise = random.Random(seed * 1_000_003 + start)
        rows = (
            f'{{"id":{number},"vector":{vector(noise, SIZE)},"payload":{json.dumps(payload(noise, number))}}}'
            for number in range(start, min(points, start + BATCH))
        )
        yield '{"points":[' + ",".join(rows) + "]}"


def narratives(seed: int) -> Iterator[str]:
    """One request body for the small collection: UUID ids, every seventh point without payload."""
    noise = random.Random(seed + 1)
    rows = []
    for number in range(NARRATIVE_POINTS):
        name = uuid.UUID(int=noise.getrandbits(128), version=4)
        body = "null" if number % 7 == 0 else json.dumps({"title": noise.choice(WORDS), "year": 2000 + number % 26})
        rows.append(f'{{"id":"{name}","vector":{vector(noise, NARRATIVE_SIZE)},"payload":{body}}}')
    yield '{"points":[' + ",".join(rows) + "]}"


def seed_qdrant(qdrant: Qdrant, seed: int, points: int) -> dict[str, object]:
    """Two collections, two payload indexes, one alias."""
    qdrant.create(MAIN, SIZE, "Cosine")
    qdrant.create(NARRATIVES, NARRATIVE_SIZE, "Dot")
    for field, kind in (("source", "keyword"), ("chunk", "integer")):
        qdrant.call("PUT", f"/collections/{MAIN}/index?wait=true", {"field_name": field, "field_schema": kind})
    qdrant.upsert(MAIN, batches(seed, points))
    qdrant.upsert(NARRATIVES, narratives(seed))
    action = {"create_alias": {"collection_name": MAIN, "alias_name": ALIAS}}
    qdrant.call("POST", "/collections/aliases", {"actions": [action]})
    return {MAIN: qdrant.count(MAIN), NARRATIVES: qdrant.count(NARRATIVES)}


class Redis:
    """A pipeline over one connection: queue commands, then `flush`."""

    def __init__(self, host: str, port: int) -> None:
        self.link = socket.create_connection((host, port), timeout=30)
        self.reader = self.link.makefile("rb")
        self.queued: list[bytes] = []

    def add(self, *words: object) -> None:
        raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.queued.append(b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in raw))

    def flush(self) -> list[object]:
        """Send what is queued and return the answers; an error answer ends the program."""
        self.link.sendall(b"".join(self.queued))
        answers = [self._answer() for _ in self.queued]
        self.queued.clear()
        return answers

    def _answer(self) -> object:
        line = self.reader.readline()
        mark, rest = line[:1], line[1:-2]
        if mark == b"-":
            raise SystemExit(f"redis: {rest.decode()}")
        if mark == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if mark == b"*":
            return [self._answer() for _ in range(int(rest))]
        return int(rest) if mark == b":" else rest.decode()


def seed_redis(redis: Redis, seed: int) -> dict[str, object]:
    """All six core types in small and large encodings, TTLs short and long, a second database."""
    noise = random.Random(seed + 2)
    redis.add("FLUSHALL")
    for number in range(1000):
        redis.add("SET", f"session:{number:04d}", noise.getrandbits(256).to_bytes(32, "big"))
    redis.add("SET", "omnimind:memories", 0)
    redis.add("SET", "greeting", "olá, 世界")
    redis.add("SET", b"binary\x00key\xff\r\n", bytes(range(256)) * 40)
    redis.add("SET", "empty", "")
    redis.add("SET", "token:hours", "ends today", "EX", 20 * 3600)
    redis.add("SET", "token:month", "ends in a month", "EX", 30 * 86400)
    redis.add("RPUSH", "queue:small", *WORDS[:5])
    redis.add("RPUSH", "queue:large", *(f"job {number}" for number in range(2000)))
    redis.add("SADD", "set:numbers", *range(100))
    redis.add("SADD", "set:words", *WORDS)
    redis.add("HSET", "hash:small", "name", "ana", "größe", "1.70")
    redis.add("HSET", "hash:large", *(text for number in range(1000) for text in (f"field{number}", noise.random())))
    redis.add("ZADD", "rank:small", "-inf", "lowest", "0.1", "tenth", "+inf", "highest")
    redis.add(
        "ZADD", "rank:large", *(text for number in range(1000) for text in (repr(noise.gauss(0, 1)), f"member{number}"))
    )
    for number in range(300):
        redis.add("XADD", "events", f"{1_700_000_000_000 + number}-0", "kind", noise.choice(WORDS), "n", number)
    redis.add("XGROUP", "CREATE", "events", "readers", "0")
    redis.add("XREADGROUP", "GROUP", "readers", "one", "COUNT", 3, "STREAMS", "events", ">")
    redis.add("XACK", "events", "readers", "1700000000000-0")
    redis.add("EXPIRE", "hash:small", 2 * 86400)
    redis.add("SELECT", 1)
    redis.add("SET", "other:database", "yes")
    redis.add("LPUSH", "other:list", "a", "b")
    redis.add("DBSIZE")
    second = redis.flush()[-1]
    redis.add("SELECT", 0)
    redis.add("DBSIZE")
    return {"db0": redis.flush()[-1], "db1": second}


def seed_uploads(folder: Path, owner: str, seed: int) -> dict[str, object]:
    """Files as people have them: spaces, other scripts, a link, a hole, nothing at all; one file is root's, as a
    container writes it.
    """
    noise = random.Random(seed + 3)
    plain = {
        "notes.txt": b"plain\n",
        "with space and 'quote'.txt": b"spaces\n",
        "ação_日本語_Ωmega.md": "não-ASCII\n".encode(),
        "empty.bin": b"",
        "nested/deeper/still/report.pdf": noise.getrandbits(8 * 300_000).to_bytes(300_000, "big"),
        "scripts/run.sh": b"#!/bin/sh\necho hi\n",
        "private.key": b"do not read\n",
        "-starts-with-dash": b"dash\n",
        ".hidden": b"hidden\n",
        "of-root.log": b"written by a container\n",
        "new\nline.txt": b"newline in its name\n",
    }
    for name, data in plain.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (folder / "empty folder").mkdir(exist_ok=True)
    for name, target in (
        ("latest.pdf", "nested/deeper/still/report.pdf"),
        ("dangling", "nowhere/at/all"),
        ("absolute", "/etc/hostname"),
    ):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    with (folder / "sparse.img").open("wb") as sparse:
        sparse.write(b"head")
        sparse.seek(64 << 20)
        sparse.write(b"tail")
    own_and_date(folder, owner)
    for name, mode in (
        ("scripts/run.sh", 0o755),
        ("private.key", 0o600),
        ("empty folder", 0o2770),
        ("notes.txt", 0o444),
    ):
        (folder / name).chmod(mode)
    os.chown(folder / "of-root.log", 0, 0)
    return {"entries": sum(1 for _ in folder.rglob("*"))}


def own_and_date(folder: Path, owner: str) -> None:
    """Give everything to `owner` and to fixed dates, the deepest first."""
    user = pwd.getpwnam(owner)
    for number, path in enumerate([*sorted(folder.rglob("*"), reverse=True), folder]):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        stamp = 1_765_000_000_000_000_000 + number * 1_000_000_007
        os.utime(path, ns=(stamp, stamp), follow_symlinks=False)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=("qdrant", "redis", "uploads"))
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--uploads", type=Path, default=Path("/home/ana/omnimind/data/uploads"))
    parser.add_argument("--owner", default="ana")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    work = {
        "qdrant": lambda: seed_qdrant(Qdrant(given.host, 6333), given.seed, given.points),
        "redis": lambda: seed_redis(Redis(given.host, 6379), given.seed),
        "uploads": lambda: seed_uploads(given.uploads, given.owner, given.seed),
    }
    written = {}
    for part in given.parts:
        started = time.monotonic()
        written[part] = work[part]()
        print(f"{part}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    print(json.dumps(written))


if __name__ == "__main__":
    main()
