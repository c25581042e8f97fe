"""The callers of a soak: they add, delete, search and embed all the time, through any backend, and remember what they
were told.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

PATIENCE = 30.0
WORDS = "A lighthouse keeper counts the ships that pass at night. "


@dataclass
class Ledger:
    """What was acknowledged: documents that must be there, and documents that must not.

    Those whose deletion got no answer are in neither.
    """

    kept: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, what: str, status: int) -> None:
        """Count an answer; 0 is none."""
        with self.lock:
            self.answers[f"{what} {status or 'no answer'}"] += 1


@contextmanager
def calling(ports: tuple[int, ...], cookie: str, ledger: Ledger, seed: int, callers: int = 4) -> Iterator[None]:
    """Let them call for the block; afterwards each has ended what it was at."""
    over = threading.Event()
    threads = [
        threading.Thread(target=_call, args=(ports, cookie, ledger, random.Random(f"{seed} {number}"), over))
        for number in range(callers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _call(ports: tuple[int, ...], cookie: str, ledger: Ledger, chance: random.Random, over: threading.Event) -> None:
    own: list[str] = []
    with httpx.Client(headers={"cookie": cookie}, timeout=PATIENCE, trust_env=False) as http:
        while not over.is_set():
            base = f"http://127.0.0.1:{chance.choice(ports)}"
            try:
                _act(http, base, ledger, chance, own)
            except httpx.HTTPError:
                ledger.said("request", 0)
                time.sleep(0.05)


def _act(http: httpx.Client, base: str, ledger: Ledger, chance: random.Random, own: list[str]) -> None:
    what = chance.choices(("add", "delete", "search", "embed"), (5, 2, 2, 1))[0]
    if what == "add":
        response = http.post(
            f"{base}/documents", json={"text": f"{chance.getrandbits(64):x} " + WORDS * chance.choice((1, 20, 200))}
        )
        if response.status_code == 201:
            own.append(response.json()["id"])
            with ledger.lock:
                ledger.kept.add(own[-1])
    elif what == "delete":
        if not own:
            return
        item = own.pop(chance.randrange(len(own)))
        with ledger.lock:
            ledger.kept.discard(item)  # whether it is there is open until there is an answer
        response = http.delete(f"{base}/documents/{item}")
        if response.status_code in (202, 204):
            with ledger.lock:
                ledger.gone.add(item)
    elif what == "search":
        response = http.get(f"{base}/search", params={"q": "ships at night"})
    else:
        response = http.post(f"{base}/v1/embeddings", json={"input": f"{chance.getrandbits(64):x}", "model": "default"})
    ledger.said(what, response.status_code)
