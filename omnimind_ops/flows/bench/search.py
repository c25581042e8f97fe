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
from omnimind_ops.bench.document import Measurement
from omnimind_ops.bench.exact import Exact
from omnimind_ops.bench.stages import Sample
from omnimind_ops.flows.bench import cache as bench_cache
from omnimind_ops.flows.bench.load import run_closed_loop
from omnimind_ops.flows.bench.options import Session
from omnimind_ops.flows.bench.timed_http import Request, send_checked
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
class SearchRun:
    """One measurement."""

    session: Session
    questions: list[str]
    exact: Exact | None = None
    vectors: list[Any] = field(default_factory=list)
    result_ids: dict[int, list[str]] = field(default_factory=dict)
    device: str = ""
    exact_ms: list[float] = field(default_factory=list)
    repeats: list[list[Sample]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    part: list[Sample] = field(default_factory=list)

    def repeat(self, number: int) -> None:
        """Send all questions once."""
        self.part, began = [], time.perf_counter()
        run_closed_loop(
            range(len(self.questions)), lambda at: self.search(at, number), self.session.options.concurrency
        )
        self.elapsed.append((time.perf_counter() - began) * 1000)
        self.repeats.append(self.part)
        self.part = []

    def embed(self) -> None:
        """Fetch each question's vector as the service computes it.

        The questions are sent one at a time, so that each vector is identical to the last bit.
        """
        for at, text in enumerate(self.questions):
            response = send_checked(
                self.session.url,
                self.session.route.request([text], {**OFF, "accept": "application/octet-stream"}),
                self.session.headers,
                self.session.options.patience,
            )
            self.device = response.headers.get("x-device", "")
            self.vectors.append(array.array("f", response.body))
            self.session.tell(progress("bench", "embedding the questions", at + 1, len(self.questions), "questions"))

    def recalls(self) -> list[float]:
        """Return the recall of each answered question."""
        k, recalls = self.session.options.k, []
        for at, ids in sorted(self.result_ids.items()):
            assert self.exact
            began = time.perf_counter()
            recalls.append(self.exact.recall(self.vectors[at], ids, k))
            self.exact_ms.append((time.perf_counter() - began) * 1000)
        return recalls

    def search(self, at: int, number: int) -> None:
        """Send one question; number 0 is the warm-up."""
        options = self.session.options
        request = Request("GET", "/search?" + urlencode({"q": self.questions[at], "limit": options.k}), headers=OFF)
        response = send_checked(self.session.url, request, self.session.headers, options.patience)
        self.result_ids[at] = [str(hit["id"]) for hit in json.loads(response.body)["results"]]
        self.part.append(stages.sample([response.exchange]))
        self.session.tell(
            progress(
                "bench",
                f"repeat {number} of at most {options.repeats}" if number else "warming up",
                len(self.part),
                len(self.questions),
                "questions",
            )
        )


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    options = session.options
    chosen: dict[str, JSON] = {
        "n": options.n,
        "k": options.k,
        "concurrency": options.concurrency,
        "device": "auto",
        "cache": "off",
        "target": session.target.name,
    }
    return {**chosen, "corpus": f"v{corpus.VERSION}"}


def measure(session: Session) -> Measurement:
    """Read the collection, search, compare. Ctrl-C keeps the results so far."""
    world, options = session.target.world, session.options
    if not session.route.is_omnimind or world is None or not world.qdrant_url or not world.has_credentials:
        raise Problem(
            "cannot measure the search",
            "it also reads the vectors, and Qdrant's credentials are not available",
            "run the command as root on the machine where the system runs",
        )
    if find_spec("numpy") is None:
        raise Problem(
            "cannot measure the search",
            "the exact search needs numpy, which is not installed",
            "install it beside omnimind: pip install numpy",
        )
    run, is_interrupted = SearchRun(session, corpus.texts(options.n, SEED)), False
    about: dict[str, JSON] = {}
    began = time.monotonic()
    try:
        with (
            connect(QdrantEndpoint(world.qdrant_url, world.qdrant_key or None)) as qdrant,
            _filled(session, qdrant, world) as filled,
        ):
            run.exact, about = _read_vectors(session, qdrant, world), {"filled": filled}
            run.embed()
            run_closed_loop(range(min(10, options.n)), lambda at: run.search(at, 0), options.concurrency)
            run.part.clear()
            while not noise.enough(_medians(run), options.repeats) and (
                not run.elapsed or time.monotonic() - began + run.elapsed[-1] / 1000 < options.seconds
            ):
                run.repeat(len(run.repeats) + 1)
    except KeyboardInterrupt:
        is_interrupted = True
    return _measured(run, about, interrupted=is_interrupted)


@contextmanager
def _filled(session: Session, qdrant: QdrantClient, world: World) -> Iterator[int]:
    """Yield the number of texts added for the measurement."""
    if _count(qdrant, world.system.collection) >= FEW:
        yield 0
        return
    name = world.system.collection
    text = f"{name} has fewer than {FEW} points: {FILL} texts are added for the measurement, then deleted"
    session.tell(line("bench", text))
    document_ids: list[str] = []
    try:
        run_closed_loop(
            (0,), lambda _: document_ids.append(_add_document(session)), 1
        )  # in a thread: Ctrl-C waits until it is known what to delete
        yield FILL
    finally:
        for id_ in document_ids:
            _delete_document(session, id_)


def _add_document(session: Session) -> str:
    text = "\n\n".join(corpus.texts(FILL))
    body = json.dumps(
        {"text": text, "title": f"omnimind bench search {time.time_ns()}", "source": "omnimind bench", "overlap": 0}
    ).encode()
    return str(
        json.loads(
            send_checked(
                session.url, Request("POST", "/documents", body), session.headers, session.options.patience
            ).body
        )["id"]
    )


def _delete_document(session: Session, id_: str) -> None:
    """Delete the document, and its chunks from the embedding cache."""
    path, patience = f"/documents/{id_}", session.options.patience
    chunks = json.loads(
        send_checked(session.url, Request("GET", f"{path}?chunks=true"), session.headers, patience).body
    )["texts"]
    digest = send_checked(session.url, session.route.request(["digest"], OFF), session.headers, patience).headers[
        "x-model-digest"
    ]
    send_checked(session.url, Request("DELETE", path), session.headers, patience)
    bench_cache.delete_entries(session.target, digest, chunks)


def _count(qdrant: QdrantClient, collection: str) -> int:
    return qdrant.count(collection, exact=True).count if qdrant.collection_exists(collection) else 0


def _read_vectors(session: Session, qdrant: QdrantClient, world: World) -> Exact:
    """Read the vectors of all points."""
    import numpy as np

    shape = collection_info(qdrant, world.system.collection)["config"]["params"]["vectors"]
    named = {"": shape} if "size" in shape else shape
    using, vector = next(iter(named.items()))
    total = _count(qdrant, world.system.collection)
    if total > MOST:
        raise Problem(
            "cannot measure the search",
            f"{world.system.collection} has {total} points; an exact search handles at most {MOST}",
            "measure it on a smaller collection",
        )
    ids: list[str] = []
    rows = np.empty((total, int(vector["size"])), np.float32)
    offset: Any = None
    while True:
        points, offset = qdrant.scroll(
            world.system.collection,
            limit=PAGE,
            offset=offset,
            with_payload=False,
            with_vectors=[using] if using else True,
        )
        for point in points[: total - len(ids)]:
            vector_of: Any = point.vector
            rows[len(ids)] = vector_of[using] if using else vector_of
            ids.append(str(point.id))
        session.tell(progress("bench", "reading the collection", len(ids), total, "points"))
        if offset is None or len(ids) >= total:
            return Exact(ids, rows[: len(ids)], str(vector["distance"]))


def _notes(run: SearchRun) -> dict[str, str]:
    notes = {"request": "GET /search", "tcp": "a new connection for each request", "serialise": "part of backend"}
    return {
        **notes,
        "qdrant": f"warm: top {run.session.options.k}",
        "redis": "off: only the rate limit is counted",
        "inference": run.device,
    }


def _medians(run: SearchRun) -> list[float]:
    return [statistics.median(sample.wall for sample in samples) for samples in run.repeats]


def _measured(run: SearchRun, about: dict[str, JSON], *, interrupted: bool) -> Measurement:
    samples = [sample for samples in run.repeats for sample in samples] + run.part
    runs = len(run.repeats) + len(run.part) / len(run.questions)
    recalls = run.recalls() if run.exact and run.vectors else []
    mean = sum(recalls) / len(recalls) if recalls else None
    remarks: list[JSON] = []
    if run.exact and run.exact_ms:
        exact_ms = statistics.median(run.exact_ms)
        remarks.append(
            f"{len(run.exact.ids)} points; lowest recall of a query {min(recalls):.2f}; "
            f"an exact search takes {exact_ms:.2f} ms"
        )
    if about.get("filled"):
        remarks.append(f"{about['filled']} of these texts were added for the measurement and are deleted afterwards")
    return Measurement(
        case="search",
        device=run.device or "not reported",
        walls=[sample.wall for sample in samples],
        medians=_medians(run),
        elapsed=run.elapsed,
        stages=stages.stage_rows(samples, runs, _notes(run)),
        sum_check=stages.sum_check(samples),
        interrupted=interrupted,
        more={
            "recall": None if mean is None else round(mean, 6),
            "recall_min": min(recalls, default=None),
            "points": len(run.exact.ids) if run.exact else 0,
            "queries_per_s": len(run.questions) / (statistics.median(run.elapsed) / 1000) if run.elapsed else None,
            "exact_ms": round(statistics.median(run.exact_ms), 4) if run.exact_ms else None,
            "embedding": dict(stages.embedding_figures(samples, runs)),
            "said": remarks,
            **about,
        },
    )
