"""The probes against real stores: what works, what refuses, what is silent, what is gone; and that they disturb nobody."""

from __future__ import annotations

import socket
import threading

import httpx
import psycopg
import pytest
from redis import Redis

from omnimind_ops.health import probes
from omnimind_ops.health.probes import postgres, qdrant, redis
from omnimind_ops.health.wire.scram import Scram
from omnimind_ops.model.health import Outcome
from tests.freezing import frozen
from tests.services import PASSWORD, Services, free_port

SECONDS = 3.0


@pytest.fixture(scope="module")
def dsn(stores: Services) -> str:
    """A database of its own."""
    return stores.database("health")


def probe_qdrant(stores: Services, key: str = "test-key", *, deep: bool = True, seconds: float = SECONDS) -> Outcome:
    return probes.outcome_of(
        lambda: qdrant.probe(stores.qdrant_url, key, "universal_machine_embeddings", seconds, deep=deep), seconds
    )


def test_deep_probes_write_and_read_through_every_store(stores: Services, dsn: str) -> None:
    """Twice: the first time they make what they need."""
    for _ in range(2):
        assert postgres.probe(dsn, SECONDS, deep=True).useful is True
        assert redis.probe(stores.redis_url, SECONDS, deep=True).useful is True
        assert probe_qdrant(stores).useful is True


def test_shallow_probes_write_nothing(stores: Services) -> None:
    """A migration compares data while it waits for them."""
    empty = stores.database("health_shallow")
    with (
        Redis.from_url(stores.redis_url) as link,
        httpx.Client(base_url=stores.qdrant_url, headers={"api-key": stores.qdrant_key}) as http,
    ):
        link.delete(redis.KEY)
        http.delete(f"/collections/{qdrant.COLLECTION}")
        assert [
            postgres.probe(empty, SECONDS, deep=False).ready,
            redis.probe(stores.redis_url, SECONDS, deep=False).ready,
            probe_qdrant(stores, deep=False).ready,
        ] == [True] * 3
        assert link.get(redis.KEY) is None
        assert qdrant.COLLECTION not in [
            collection["name"] for collection in http.get("/collections").json()["result"]["collections"]
        ]
    with psycopg.connect(empty) as db:
        assert db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_what_is_left_in_redis_goes_away_by_itself(stores: Services) -> None:
    """A key with a time to live."""
    redis.probe(stores.redis_url, SECONDS, deep=True)
    with Redis.from_url(stores.redis_url) as link:
        assert 0 < int(link.ttl(redis.KEY)) <= redis.KEY_SECONDS


def test_the_collection_that_is_searched_is_only_read(stores: Services) -> None:
    """Its points are counted, ours are elsewhere."""
    with httpx.Client(base_url=stores.qdrant_url, headers={"api-key": stores.qdrant_key}) as http:
        http.put(
            "/collections/universal_machine_embeddings", json={"vectors": {"size": 2, "distance": "Cosine"}}
        ).raise_for_status()
        http.put(
            "/collections/universal_machine_embeddings/points?wait=true", json={"points": [{"id": 7, "vector": [1, 0]}]}
        ).raise_for_status()
        try:
            assert probe_qdrant(stores).detail == "universal_machine_embeddings: 1 points"
            assert http.get("/collections/universal_machine_embeddings").json()["result"]["points_count"] == 1
        finally:
            http.delete("/collections/universal_machine_embeddings")


def test_two_checks_at_once_do_not_call_each_other_broken(stores: Services, dsn: str) -> None:
    """They write the same row, key and point."""
    outcomes: list[Outcome] = []

    def check() -> None:
        for _ in range(10):
            outcomes.extend(
                (
                    postgres.probe(dsn, SECONDS, deep=True),
                    redis.probe(stores.redis_url, SECONDS, deep=True),
                    probe_qdrant(stores),
                )
            )

    threads = [threading.Thread(target=check) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 90
    assert [outcome.why for outcome in outcomes if outcome.why] == []


def test_a_wrong_password_is_a_refusal_and_not_silence(stores: Services, dsn: str) -> None:
    """The server's own words are passed on."""
    results = [
        postgres.probe(dsn.replace(PASSWORD, "wrong"), SECONDS, deep=True),
        redis.probe(stores.redis_url.replace(PASSWORD, "wrong"), SECONDS, deep=True),
        probe_qdrant(stores, key="wrong"),
    ]
    assert [(item.ready, item.refuses, item.silent) for item in results] == [(False, True, False)] * 3
    assert "password authentication failed" in results[0].why
    assert "WRONGPASS" in results[1].why
    assert "401" in results[2].why


def test_a_database_that_takes_no_writes_is_ready_but_not_useful(stores: Services) -> None:
    """Ready is not useful."""
    own = stores.database("health_read_only")
    with psycopg.connect(stores.dsn, autocommit=True) as link:
        link.execute('ALTER DATABASE "health_read_only" SET default_transaction_read_only = on')
    result = postgres.probe(own, SECONDS, deep=True)
    assert (result.ready, result.useful, result.refuses) == (True, False, True)
    assert "no writes" in result.why


def test_a_redis_that_is_full_is_ready_but_not_useful(stores: Services) -> None:
    """Its own word for it is OOM."""
    with Redis.from_url(stores.redis_url) as link:
        before = link.config_get("maxmemory")["maxmemory"]
        link.config_set("maxmemory", "1")
        try:
            result = redis.probe(stores.redis_url, SECONDS, deep=True)
        finally:
            link.config_set("maxmemory", before)
    assert (result.ready, result.useful, result.refuses) == (True, False, True)
    assert result.why.startswith("OOM")


def test_a_frozen_store_is_silent_within_its_time_out(stores: Services, dsn: str) -> None:
    """The kernel still takes the connection; nobody answers."""
    for process, question in (
        (stores.redis, lambda: redis.probe(stores.redis_url, 0.3, deep=True)),
        (stores.qdrant, lambda: qdrant.probe(stores.qdrant_url, "test-key", "c", 0.3, deep=True)),
        (stores.postgres, lambda: postgres.probe(dsn, 0.3, deep=True)),
    ):
        with frozen(process.pid):
            result = probes.outcome_of(question, 0.3)
        assert (result.ready, result.silent) == (False, True), process.name
        assert result.why == "no answer within 0.3 s"
    assert postgres.probe(dsn, SECONDS, deep=True).useful


def test_nobody_listening_is_no_silence() -> None:
    """It is a definite answer."""
    result = probes.outcome_of(lambda: redis.probe(f"redis://127.0.0.1:{free_port()}/0", SECONDS, deep=True), SECONDS)
    assert (result.ready, result.silent, result.why) == (False, False, "nothing listens on its port")


def test_a_server_that_drips_is_cut_off_at_the_deadline() -> None:
    """One deadline for the whole conversation, not one for each byte."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            link, _ = server.accept()
            with link:
                while not over.wait(0.05):
                    try:
                        link.sendall(b"+")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            result = probes.outcome_of(
                lambda: redis.probe(f"redis://127.0.0.1:{server.getsockname()[1]}/0", 0.4, deep=True), 0.4
            )
        finally:
            over.set()
            thread.join()
    assert result.silent


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\n{not json", b"\x00\xff garbage\r\n\r\n", b"-ERR go away\r\n", b"$-5\r\n"]
)
def test_an_answer_that_is_none_is_an_outcome_and_no_crash(answer: bytes) -> None:
    """Somebody else may listen on our port."""
    for question in (
        lambda port: redis.probe(f"redis://:x@127.0.0.1:{port}/0", 1.0, deep=True),
        lambda port: postgres.probe(f"postgresql://a:b@127.0.0.1:{port}/c", 1.0, deep=True),
        lambda port: qdrant.probe(f"http://127.0.0.1:{port}", "", "c", 1.0, deep=True),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            port = int(server.getsockname()[1])

            def say() -> None:
                try:
                    while True:
                        link, _ = server.accept()
                        with link:
                            link.recv(65536)
                            link.sendall(answer)
                except OSError:
                    return

            thread = threading.Thread(target=say, daemon=True)
            thread.start()
            result = probes.outcome_of(lambda: question(port), 1.0)
        assert not (result.ready and result.useful)
        assert result.why


def test_a_server_that_does_not_know_our_password_is_found_out() -> None:
    """SCRAM proves both sides; RFC 7677's own example."""
    scram = Scram("pencil")
    scram._bare = "n=user,r=rOprNGfwEbeRWgbNEkqO"
    proof = scram.proof(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert proof.endswith(b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    scram.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(ConnectionError, match="another server"):
        scram.verify(b"v=AAAA")
