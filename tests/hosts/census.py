#!/usr/bin/env python3
"""Count and hash everything the stores hold: every point, alias, index, key with its TTL, every upload byte. Prints
JSON.

Runs inside the test host (standard library only), before a migration against the containers and after it against the
native services; the two must be equal. It shares no code with omnimind: what it finds is a second opinion.
"""

import argparse
import hashlib
import json
import os
import socket
import sys
import time
import urllib.request

PAGE = 2000
TTL_STEP = 120  # seconds; expiry times are compared in steps of this


def qdrant(url, key):
    """Yield (name, fact) of every collection."""

    def ask(path, body=None):
        headers = {"content-type": "application/json", **({"api-key": key} if key else {})}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=60) as reply:
            return json.load(reply)["result"]

    yield "aliases", sorted((a["alias_name"], a["collection_name"]) for a in ask("/aliases")["aliases"])
    for name in sorted(c["name"] for c in ask("/collections")["collections"]):
        info = ask(f"/collections/{name}")
        schema = {field: facts["data_type"] for field, facts in info["payload_schema"].items()}
        hashes, offset = [], None
        while True:
            page = ask(
                f"/collections/{name}/points/scroll",
                {"limit": PAGE, "offset": offset, "with_payload": True, "with_vector": True},
            )
            hashes += [
                hashlib.sha256(json.dumps([p["id"], p["payload"], p["vector"]], sort_keys=True).encode()).digest()
                for p in page["points"]
            ]
            offset = page["next_page_offset"]
            if offset is None:
                break
        yield f"collection {name}", {
            "points": len(hashes), "digest": hashlib.sha256(b"".join(sorted(hashes))).hexdigest(),
            "vectors": info["config"]["params"]["vectors"], "schema": schema,
        }  # fmt: skip


class Redis:
    """RESP2 in twenty lines."""

    def __init__(self, port, password):
        self.file = socket.create_connection(("127.0.0.1", port), timeout=30).makefile("rwb")
        if password:
            self("AUTH", password)

    def __call__(self, *arguments):
        parts = [w if isinstance(w, bytes) else str(w).encode() for w in arguments]
        self.file.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        self.file.flush()
        return self.read()

    def read(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest


VALUE = {
    b"string": lambda r, k: r("GET", k),
    b"list": lambda r, k: r("LRANGE", k, 0, -1),
    b"set": lambda r, k: sorted(r("SMEMBERS", k)),
    b"hash": lambda r, k: sorted(zip(*[iter(r("HGETALL", k))] * 2)),
    b"zset": lambda r, k: [
        (member, float(score)) for member, score in zip(*[iter(r("ZRANGE", k, 0, -1, "WITHSCORES"))] * 2)
    ],
    b"stream": lambda r, k: [r("XRANGE", k, "-", "+"), [group[1] for group in r("XINFO", "GROUPS", k)]],
}


def redis(port, password):
    """Yield (name, fact) of every key in both databases."""
    link = Redis(port, password)
    for db in (0, 1):
        link("SELECT", db)
        for key in sorted(link("KEYS", "*")):
            kind, left = link("TYPE", key), link("PTTL", key)
            until = round((time.time() + left / 1000) / TTL_STEP) if left >= 0 else None
            value = hashlib.sha256(repr(VALUE[kind](link, key)).encode()).hexdigest()
            yield f"key {db} {key!r}", {"type": kind.decode(), "value": value, "until": until}


def uploads(folder):
    """Yield (name, fact) of every file, folder and link."""
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(parent, name)
            shown = os.fsencode(os.path.relpath(path, folder)).decode(errors="backslashreplace")
            if os.path.islink(path):
                yield shown, "→ " + os.readlink(path)
            elif os.path.isdir(path):
                yield shown, "folder %o" % (os.stat(path).st_mode & 0o7777)
            else:
                digest = hashlib.sha256()
                with open(path, "rb") as file:
                    while chunk := file.read(1 << 20):
                        digest.update(chunk)
                facts = os.stat(path)
                yield (
                    shown,
                    {
                        "sha256": digest.hexdigest(),
                        "bytes": facts.st_size,
                        "mode": "%o" % (facts.st_mode & 0o7777),
                        "mtime": facts.st_mtime_ns,
                    },
                )


def secret(path):
    """Read a credential, "" for none."""
    if not path:
        return ""
    with open(path) as file:
        return file.read().strip()


def main():
    """Print the census."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--uploads", required=True)
    options.add_argument("--qdrant-key")
    options.add_argument("--redis-password")
    requested = options.parse_args()
    json.dump(
        {
            "qdrant": dict(qdrant("http://127.0.0.1:6333", secret(requested.qdrant_key))),
            "redis": dict(redis(6379, secret(requested.redis_password))),
            "uploads": dict(uploads(requested.uploads)),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
