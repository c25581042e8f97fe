"""Recall and speed of the search: its top k against an exact search over the same vectors.

An almost empty collection is filled for the measurement with one document of the corpus, which is deleted afterwards.
"""

from __future__ import annotations

import array
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from omnimind_ops.bench import corpus, noise, stages
from omnimind_ops.bench.document import Measured
from omnimind_ops.bench.exact import Exact
from omnimind_ops.bench.stages import Sample
from omnimind_ops.flows.bench import cache as bench_cache
from omnimind_ops.flows.bench.http import Request, good
from omnimind_ops.flows.bench.load import closed
from omnimind_ops.flows.bench.options import Session
from omnimind_ops.model.event import line, progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, collection_info, connect

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

FEW = 500
"""A collection with fewer points is filled: in such a small one a search cannot miss anything."""
FILL = 1000
"""Texts of the document that fills the collection."""
MOST = 200_000
"""Maximum number of points read into memory: 0.3 GB at 384 dimensions."""
PAGE = 1000
SEED = 20261124
"""Seed of the questions: they differ from the texts that fill the collection."""
OFF = {"cache-control": "no-store"}


@dataclass
class Case:
    """One measurement."""

    session: Session
    questions: list[str]
    exact: Exact | None = None
    vectors: list[Any] = field(default_factory=list)
    found: dict[int, list[str]] = field(default_factory=dict)
    device: str = ""
    exact_ms: list[float] = field(default_factory=list)
    repeats: list[list[Sample]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    part: list[Sample] = field(default_factory=list)

    def repeat(self, number: int) -> None:
        """Send all questions once."""
        self.part, began = [], time.perf_counter()
        closed(range(len(self.questions)), lambda at: self.ask(at, number), self.session.asked.concurrency)
        self.elapsed.append((time.perf_counter() - began) * 1000)
        self.repeats.append(self.part)
        self.part = []

    def embed(self) -> None:
        """Fetch each question's vector as the service computes it.

        The questions are sent one at a time, so that each vector is identical to the last bit.
        """
        for at, text in enumerate(self.questions):
            answer = good(
                self.session.url,
                self.session.route.request([text], {**OFF, "accept": "application/octet-stream"}),
                self.session.headers,
                self.session.asked.patience,
            )
            self.device = answer.headers.get("x-device", "")
            self.vectors.append(array.array("f", answer.body))
            self.session.tell(progress("bench", "embedding the questions", at + 1, len(self.questions), "questions"))

    def recalls(self) -> list[float]:
        """Return the recall of each answered question."""
        k, assessed = self.session.asked.k, []
        for at, ids in sorted(self.found.items()):
            assert self.exact
            began = time.perf_counter()
            assessed.append(self.exact.recall(self.vectors[at], ids, k))
            self.exact_ms.append((time.perf_counter() - began) * 1000)
        return assessed

    def ask(self, at: int, number: int) -> None:
        """Send one question; number 0 is the warm-up."""
        asked = self.session.asked
        request = Request("GET", "/search?" + urlencode({"q": self.questions[at], "limit": asked.k}), headers=OFF)
        answer = good(self.session.url, request, self.session.headers, asked.patience)
        self.found[at] = [str(hit["id"]) for hit in json.loads(answer.body)["results"]]
        self.part.append(stages.sample([answer.exchange]))
        self.session.tell(
            progress(
                "bench",
                f"repeat {number} of at most {asked.repeats}" if number else "warming up",
                len(self.part),
                len(self.questions),
                "questions",
            )
        )


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    asked = session.asked
    chosen: dict[str, JSON] = {
        "n": asked.n,
        "k": asked.k,
        "concurrency": asked.concurrency,
        "device": "auto",
        "cache": "off",
        "target": session.target.name,
    }
    return {**chosen, "corpus": f"v{corpus.VERSION}"}


def measure(session: Session) -> Measured:
    """Read the collection, search, compare. Ctrl-C keeps the results so far."""
    world, asked = session.target.world, session.asked
    if not session.route.is_ours or world is None or not world.qdrant_url or not world.has_credentials:
        raise Problem(
            "cannot measure the search",
            "its vectors must be read too, and Qdrant's credentials are not at hand",
            "run it as root where the system runs",
        )
    if find_spec("numpy") is None:
        raise Problem(
            "cannot measure the search",
            "numpy is not installed, and an exact search needs it",
            "install it beside omnimind: pip install numpy",
        )
    case, is_cut = Case(session, corpus.texts(asked.n, SEED)), False
    about: dict[str, JSON] = {}
    began = time.monotonic()
    try:
        with (
            connect(QdrantEndpoint(world.qdrant_url, world.qdrant_key or None)) as qdrant,
            _filled(session, qdrant, world) as filled,
        ):
            case.exact, about = _read(session, qdrant, world), {"filled": filled}
            case.embed()
            closed(range(min(10, asked.n)), lambda at: case.ask(at, 0), asked.concurrency)
            case.part.clear()
            while not noise.enough(_medians(case), asked.repeats) and (
                not case.elapsed or time.monotonic() - began + case.elapsed[-1] / 1000 < asked.seconds
            ):
                case.repeat(len(case.repeats) + 1)
    except KeyboardInterrupt:
        is_cut = True
    return _measured(case, about, interrupted=is_cut)


@contextmanager
def _filled(session: Session, qdrant: QdrantClient, world: World) -> Iterator[int]:
    """Yield the number of texts added for the measurement."""
    if _count(qdrant, world.collection) >= FEW:
        yield 0
        return
    session.tell(
        line(
            "bench", f"{world.collection} holds fewer than {FEW} points: {FILL} texts are added, and deleted afterwards"
        )
    )
    made: list[str] = []
    try:
        closed(
            (0,), lambda _: made.append(_fill(session)), 1
        )  # in a thread: Ctrl-C waits until it is known what to delete
        yield FILL
    finally:
        for id_ in made:
            _empty(session, id_)


def _fill(session: Session) -> str:
    text = "\n\n".join(corpus.texts(FILL))
    body = json.dumps(
        {"text": text, "title": f"omnimind bench search {time.time_ns()}", "source": "omnimind bench", "overlap": 0}
    ).encode()
    return str(
        json.loads(
            good(session.url, Request("POST", "/documents", body), session.headers, session.asked.patience).body
        )["id"]
    )


def _empty(session: Session, id_: str) -> None:
    """Delete the document, and its chunks from the embedding cache."""
    path, patience = f"/documents/{id_}", session.asked.patience
    chunks = json.loads(good(session.url, Request("GET", f"{path}?chunks=true"), session.headers, patience).body)[
        "texts"
    ]
    digest = good(session.url, session.route.request(["digest"], OFF), session.headers, patience).headers[
        "x-model-digest"
    ]
    good(session.url, Request("DELETE", path), session.headers, patience)
    bench_cache.forget(session.target, digest, chunks)


def _count(qdrant: QdrantClient, collection: str) -> int:
    return qdrant.count(collection, exact=True).count if qdrant.collection_exists(collection) else 0


def _read(session: Session, qdrant: QdrantClient, world: World) -> Exact:
    """Read the vectors of all points."""
    import numpy as np

    shape = collection_info(qdrant, world.collection)["config"]["params"]["vectors"]
    named = {"": shape} if "size" in shape else shape
    using, vector = next(iter(named.items()))
    total = _count(qdrant, world.collection)
    if total > MOST:
        raise Problem(
            "cannot measure the search",
            f"{world.collection} has {total} points; an exact search of {MOST} at most is made",
            "measure it on a smaller collection",
        )
    ids: list[str] = []
    rows = np.empty((total, int(vector["size"])), np.float32)
    offset: Any = None
    while True:
        points, offset = qdrant.scroll(
            world.collection, limit=PAGE, offset=offset, with_payload=False, with_vectors=[using] if using else True
        )
        for point in points[: total - len(ids)]:
            vector_of: Any = point.vector
            rows[len(ids)] = vector_of[using] if using else vector_of
            ids.append(str(point.id))
        session.tell(progress("bench", "reading the collection", len(ids), total, "points"))
        if offset is None or len(ids) >= total:
            return Exact(ids, rows[: len(ids)], str(vector["distance"]))


def _notes(case: Case) -> dict[str, str]:
    notes = {"request": "GET /search", "tcp": "a new connection for each request", "serialise": "part of backend"}
    return {
        **notes,
        "qdrant": f"warm: top {case.session.asked.k}",
        "redis": "off: only the rate limit is counted",
        "inference": case.device,
    }


def _medians(case: Case) -> list[float]:
    return [statistics.median(one.wall for one in samples) for samples in case.repeats]


def _measured(case: Case, about: dict[str, JSON], *, interrupted: bool) -> Measured:
    samples = [one for samples in case.repeats for one in samples] + case.part
    runs = len(case.repeats) + len(case.part) / len(case.questions)
    found = case.recalls() if case.exact and case.vectors else []
    mean = sum(found) / len(found) if found else None
    said: list[JSON] = []
    if case.exact and case.exact_ms:
        said.append(
            f"{len(case.exact.ids)} points; least recall of a question {min(found):.2f}; an exact search of ours takes {statistics.median(case.exact_ms):.2f} ms"
        )
    if about.get("filled"):
        said.append(f"{about['filled']} texts of them were added for this, and are deleted again")
    return Measured(
        case="search",
        device=case.device or "not told",
        walls=[one.wall for one in samples],
        medians=_medians(case),
        elapsed=case.elapsed,
        stages=stages.table(samples, runs, _notes(case)),
        sum_check=stages.sum_check(samples),
        interrupted=interrupted,
        more={
            "recall": None if mean is None else round(mean, 6),
            "recall_min": min(found, default=None),
            "points": len(case.exact.ids) if case.exact else 0,
            "queries_per_s": len(case.questions) / (statistics.median(case.elapsed) / 1000) if case.elapsed else None,
            "exact_ms": round(statistics.median(case.exact_ms), 4) if case.exact_ms else None,
            "embedding": dict(stages.embedding(samples, runs)),
            "said": said,
            **about,
        },
    )
