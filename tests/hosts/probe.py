#!/usr/bin/env python3
"""Ask endpoints every few milliseconds, as a user would, and report how long each gave no good answer.

Runs inside the test host (standard library only, Python 3.9) through a whole migration. Ends when its stdin closes or
on SIGTERM, and then writes JSON to `--out`. Credentials may appear in mid-run: their files are read anew at each try,
and while a file does not exist the question is asked without.

A gap reaches from the last good answer (or the start) to the next good answer (or the end), if a bad one lies between.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import socket
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Ask = Callable[[float], None]
TOLD = 20
# On loopback a connection takes microseconds. A lost SYN (the container's interface is just going) is sent again after
# a full
# second: giving up early and asking anew measures the gap instead of that second.
CONNECT_SECONDS = 0.25


class Refused(Exception):
    """Nothing listened."""


@dataclass
class Tally:
    """What one endpoint answered. Times are seconds of the monotonic clock; `gaps` are (start, end)."""

    started: float
    ok: int = 0
    failed: int = 0
    refused: int = 0
    good: float = 0.0
    slowest: float = 0.0
    bad_since_good: bool = False
    gaps: list[tuple[float, float]] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.good = self.started

    def add_good(self, now: float, took: float) -> None:
        if self.bad_since_good:
            self.gaps.append((self.good, now))
        self.ok, self.good, self.bad_since_good = self.ok + 1, now, False
        self.slowest = max(self.slowest, took)

    def add_bad(self, error: Exception) -> None:
        if isinstance(error, Refused):
            self.refused += 1
        else:
            self.failed += 1
            text = f"{type(error).__name__}: {error}"[:200]
            if text in self.errors or len(self.errors) < TOLD:
                self.errors[text] = self.errors.get(text, 0) + 1
        self.bad_since_good = True

    def report(self, now: float, epoch: float) -> dict[str, object]:
        """The result; an endpoint that is silent at the end has an open gap, counted up to `now`."""
        gaps = self.gaps + ([(self.good, now)] if self.bad_since_good else [])
        lengths = [end - start for start, end in gaps]
        return {
            "ok": self.ok,
            "failed": self.failed,
            "refused": self.refused,
            "longest_gap": round(max(lengths, default=0.0), 3),
            "total_gap": round(sum(lengths), 3),
            "silent_at_end": self.bad_since_good,
            "slowest_answer": round(self.slowest, 3),
            "gaps": [{"from": round(start + epoch, 3), "seconds": round(end - start, 3)} for start, end in gaps],
            "errors": self.errors,
        }


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connection whose further reads and writes may take `timeout` seconds; `Refused` when nothing listens."""
    try:
        link = socket.create_connection((host, port), min(timeout, CONNECT_SECONDS))
    except ConnectionRefusedError as error:
        raise Refused from error
    link.settimeout(timeout)
    return link


def lazily(path: str | None) -> str:
    """The file's text, empty while there is no such file."""
    try:
        return Path(path).read_text().strip() if path else ""
    except OSError:
        return ""


def http_question(url: str, header_file: str | None) -> Ask:
    """GET; good is any 2xx. The header file has lines `Name: value`."""
    parts = urllib.parse.urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def ask(timeout: float) -> None:
        lines = (line.partition(":") for line in lazily(header_file).splitlines() if ":" in line)
        headers = {name.strip(): value.strip() for name, _, value in lines}
        link = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
        link.sock = connect(link.host, link.port, timeout)
        try:
            link.request("GET", path, headers={"Connection": "close", **headers})
            answer = link.getresponse()
            answer.read()
        finally:
            link.close()
        if not 200 <= answer.status < 300:
            raise ValueError(f"status {answer.status}")

    return ask


def redis_question(address: str, password_file: str | None) -> Ask:
    """PING; good is +PONG. The password file holds the password, nothing else."""
    host, _, port = address.rpartition(":")

    def ask(timeout: float) -> None:
        password = lazily(password_file).encode()
        with connect(host, int(port), timeout) as link:
            reader = link.makefile("rb")
            if password:
                link.sendall(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n" % (len(password), password))
                reader.readline()  # "-ERR … no password is set" is what the old Redis says: PING decides
            link.sendall(b"*1\r\n$4\r\nPING\r\n")
            line = reader.readline()
        if not line.startswith(b"+PONG"):
            raise ValueError(f"answered {line[:60].decode(errors='replace').strip()!r}")

    return ask


def tcp_question(address: str, _: str | None) -> Ask:
    """Connect; good is a connection."""
    host, _, port = address.rpartition(":")
    return lambda timeout: connect(host, int(port), timeout).close()


QUESTIONS: dict[str, Callable[[str, str | None], Ask]] = {
    "http": http_question,
    "redis": redis_question,
    "tcp": tcp_question,
}


def watch(ask: Ask, tally: Tally, every: float, timeout: float, over: threading.Event) -> None:
    """Ask on a fixed beat until it is over; a slow answer skips beats."""
    due = time.monotonic()
    while not over.is_set():
        began = time.monotonic()
        try:
            ask(timeout)
        except (OSError, ValueError, http.client.HTTPException, Refused) as error:
            tally.add_bad(error)
        else:
            now = time.monotonic()
            tally.add_good(now, now - began)
        due = max(due + every, time.monotonic())
        over.wait(max(0.0, due - time.monotonic()))


def end_with_stdin(over: threading.Event) -> None:
    """It is over when whoever started us closes our stdin."""
    sys.stdin.read()
    over.set()


def pairs(texts: list[str]) -> dict[str, str]:
    """`NAME=VALUE` words as a dictionary."""
    return dict(text.split("=", 1) for text in texts)


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind, what in (("http", "URL"), ("redis", "HOST:PORT"), ("tcp", "HOST:PORT")):
        parser.add_argument(f"--{kind}", action="append", default=[], metavar=f"NAME={what}")
    parser.add_argument(
        "--credentials", action="append", default=[], metavar="NAME=FILE", help="header lines, or Redis' password"
    )
    parser.add_argument("--every", type=float, default=0.02, metavar="SECONDS")
    parser.add_argument("--timeout", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(words)


def main() -> None:
    given = arguments()
    files, over = pairs(given.credentials), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a migration may be started from a terminal that goes away
    epoch, tallies, threads = time.time() - time.monotonic(), {}, []
    for kind, build in QUESTIONS.items():
        for name, target in pairs(getattr(given, kind)).items():
            tallies[name] = Tally(time.monotonic())
            command = (build(target, files.get(name)), tallies[name], given.every, given.timeout, over)
            threads.append(threading.Thread(target=watch, args=command, daemon=True))
    for thread in threads:
        thread.start()
    print("watching", flush=True)
    threading.Thread(target=end_with_stdin, args=(over,), daemon=True).start()
    over.wait()
    for thread in threads:
        thread.join(given.timeout + 1)
    now = time.monotonic()
    result = {name: tally.report(now, epoch) for name, tally in tallies.items()}
    beside = given.out.with_suffix(".part")
    beside.write_text(json.dumps(result, indent=1))
    beside.rename(given.out)


if __name__ == "__main__":
    main()
