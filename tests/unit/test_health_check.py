"""The whole check on a whole small system: real stores, real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.catalogue import services
from omnimind_ops.health import cache as caches
from omnimind_ops.health import check as checks
from omnimind_ops.health import host
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.history import STRICT, Thresholds
from omnimind_ops.model.health import HealthCode, Report, State
from tests.freezing import frozen
from tests.health_world import System, system
from tests.services import Services


@pytest.fixture(scope="module")
def whole(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for this file; tests put back what they break."""
    with system(stores, tmp_path_factory.mktemp("om"), "health_check") as result:
        yield result


@pytest.fixture(autouse=True)
def mended(whole: System) -> Iterator[None]:
    """No fault at the start, none left at the end."""
    whole.fault()
    (whole.world.run / "health.json").write_text("{}")
    _until(lambda: look(whole), lambda report: report.state is State.READY)
    yield


def look(whole: System, cache: Cache | None = None, **settings: object) -> Report:
    """One strict look, unless a cache says otherwise."""
    return check(whole.with_settings(**settings), whole.manager, cache or Cache(STRICT), seconds=1.0)


def test_all_is_well(whole: System) -> None:
    """Every deep probe did real work, and what a person wants to know is there."""
    result = look(whole)
    assert [
        (entry.service, entry.state, entry.why) for entry in result.services if entry.state is not State.READY
    ] == []
    assert (result.state, result.code) == (State.READY, HealthCode.READY)
    assert [service.useful for service in result.services] == [True] * len(services(whole.world))
    assert all(item.latency and item.latency.last > 0 for item in result.services)
    backend = result.of("backend-" + str(whole.world.system.backend_ports[0]))
    assert backend and (backend.memory, backend.limit) == (20 << 20, 200 << 20)
    assert result.gpu is None
    assert 0 < result.host.disk_used < 100


def test_a_dead_critical_service_is_down_and_a_secondary_one_only_degrades(whole: System) -> None:
    """Exit codes 1 and 2."""
    for name, code in (("engine", HealthCode.DOWN), ("frontend", HealthCode.DEGRADED)):
        _until(lambda: look(whole), lambda report: report.state is State.READY)
        whole.manager.stop([name])
        result = look(whole)
        whole.manager.start([name])
        reading = result.of(name)
        assert reading and (reading.state, reading.alive, reading.ready) == (State.DOWN, False, False)
        assert result.code is code


def test_what_a_person_stopped_is_stopped_and_not_down(whole: System) -> None:
    """The whole is not ready all the same."""
    whole.manager.person_stops("engine")
    result = look(whole)
    whole.manager.start(["engine"])
    reading = result.of("engine")
    assert reading and (reading.state, reading.why) == (State.STOPPED, "stopped on request")
    assert result.code is HealthCode.DOWN


def test_work_for_the_gpu_done_on_the_cpu_is_degraded(whole: System) -> None:
    """Exit code 2, and the row says it loudly."""
    whole.fault(
        engine={
            "health": {
                "state": "degraded",
                "expected": "cuda",
                "device": "cpu",
                "reason": "gpu expected but running on cpu",
            }
        }
    )
    result = look(whole)
    assert result.code is HealthCode.DEGRADED
    assert result.gpu and (result.gpu.expected, result.gpu.used, result.gpu.said) == (
        True,
        False,
        "gpu expected but running on cpu",
    )


def test_an_engine_that_embeds_differently_than_before_is_not_useful(whole: System) -> None:
    """It answers 200 all the while."""
    cache = Cache(STRICT, ttl=0)
    assert look(whole, cache).state is State.READY
    whole.fault(engine={"vector": [0.8, -0.6]})
    reading = look(whole, cache).of("engine")
    assert reading and (reading.ready, reading.useful) == (False, False)
    assert "differently than before (cosine 0.0000)" in reading.why


def test_a_busy_engine_is_degraded_and_a_stuck_one_is_not_useful(whole: System) -> None:
    """Both give no answer in time; others wait for the one, and it has proven itself lately."""
    for queue, age, useful in ((9, 20.0, None), (0, 20.0, False), (9, 900.0, False)):
        results = {"queue": {"texts": queue}, "proof": {"ok": True, "age_s": age}}
        whole.fault(engine={"health": results, "embed_delay": 3.0})
        reading = look(whole).of("engine")
        assert reading and (reading.useful, reading.bad) == (useful, int(useful is False)), (queue, age)
        assert reading.state is (State.DEGRADED if useful is None else State.DOWN)
    whole.fault()


def test_nan_is_no_embedding(whole: System) -> None:
    """As half precision gives on some cards."""
    whole.fault(engine={"vector": [float("nan"), 1.0]})
    reading = look(whole).of("engine")
    assert reading and not reading.useful and "not a number" in reading.why


def test_a_store_that_fails_is_named_as_the_cause_by_its_victims(whole: System) -> None:
    """And a frozen one costs one time-out, not one for each of them."""
    ports = whole.world.system.backend_ports
    whole.fault(backend={"status": 503, "checks": {"postgres": {"state": "down", "detail": "no answer within 2 s"}}})
    pid = whole.stores.postgres.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        result = look(whole)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert {service.service: service.root for service in result.services if service.root} == {
        f"backend-{port}": "postgres" for port in ports
    }
    postgres = result.of("postgres")
    assert postgres and (postgres.silent, postgres.root) == (True, "")
    assert result.seconds < 2 * 1.0 + checks.GRACE


def test_a_worker_that_cannot_use_a_store_that_works_is_at_fault_and_the_store_is_not(whole: System) -> None:
    """Its backend is degraded; which of its processes it is comes from the reports."""
    cache = Cache(STRICT, ttl=0)
    name = f"backend-{whole.world.system.backend_ports[0]}"
    checks = {"redis": {"state": "down", "detail": "Too many open files"}, "postgres": {"state": "up"}}
    whole.fault(backend_2={"status": 503, "checks": checks})
    _until(lambda: look(whole, cache), lambda _: cache.history(name).at_fault(3) != ())
    backend, redis = look(whole, cache).of(name), look(whole, cache).of("redis")
    assert cache.history(name).at_fault(3) == (f"{name}-2",)
    assert redis and (redis.state, redis.why) == (State.READY, "")
    assert backend and backend.state in (State.DEGRADED, State.DOWN)  # down only if worker 1 was not reached


def test_a_single_check_asks_the_other_workers_only_if_the_first_one_is_not_ready(whole: System) -> None:
    """It must not become slower."""
    name = f"backend-{whole.world.system.backend_ports[0]}"
    result = check(whole.world, whole.manager, Cache(STRICT), every_worker=False).of(name)
    assert result and result.detail in ("worker 1 ready", "worker 2 ready")
    whole.fault(backend_2={"status": 503, "checks": {"redis": {"state": "down", "detail": "Too many open files"}}})
    for _ in range(3):
        result = check(whole.world, whole.manager, Cache(STRICT), every_worker=False).of(name)
        assert result and result.detail == "worker 1 ready"


def test_workers_that_wait_for_a_frozen_store_are_not_at_fault(whole: System) -> None:
    """Only some of them have noticed yet; the store was asked directly."""
    cache = Cache(STRICT, ttl=0)
    whole.fault(backend_2={"status": 503, "checks": {"redis": {"state": "down", "detail": "no answer within 2 s"}}})
    with frozen(whole.stores.redis.pid):
        for _ in range(2):
            result = look(whole, cache)
    redis = result.of("redis")
    assert redis and (redis.state, redis.silent) == (State.DOWN, True)
    assert [cache.history(name).at_fault(1) for name in cache.histories] == [()] * len(cache.histories)


def test_a_young_process_that_does_not_answer_is_starting(whole: System) -> None:
    """And down once its start time-out is over."""
    whole.fault(engine={"status": 500})
    whole.manager.restart(["engine"])
    _until(lambda: look(whole).of("engine"), lambda item: item.why.startswith("HTTP 500"))
    result = look(whole)
    reading = result.of("engine")
    assert reading and reading.state is State.STARTING and result.code is HealthCode.STARTING
    late = look(whole, critical_timeout=0).of("engine")
    assert late and late.state is State.DOWN


def test_answers_are_kept_for_their_time_to_live_and_show_their_age(whole: System) -> None:
    """Nobody is asked twice within it."""
    clock = [100.0]
    cache = Cache(STRICT, ttl=5, at=lambda: clock[0])
    look(whole, cache)
    whole.fault(engine={"status": 500})
    clock[0] += 4
    kept = look(whole, cache).of("engine")
    clock[0] += 2
    requested = look(whole, cache).of("engine")
    assert kept and (kept.state, kept.age) == (State.READY, 4.0)
    assert requested and (requested.bad, requested.age) == (1, 0.0)


def test_who_keeps_looking_believes_three_bad_answers_and_then_two_good_ones(whole: System) -> None:
    """Thresholds both ways."""
    cache = Cache(Thresholds(3, 2), ttl=0)
    look(whole, cache)
    whole.fault(engine={"embed_status": 500})
    states = [look(whole, cache).of("engine") for _ in range(3)]
    whole.fault()
    states += [look(whole, cache).of("engine") for _ in range(2)]
    assert [state.state for state in states if state] == [State.READY, State.READY, State.DOWN, State.DOWN, State.READY]
    assert states[0] and states[0].why.startswith("failing 1 of 3: cannot embed: HTTP 500")


def test_a_killed_worker_is_a_restart_and_the_last_change(whole: System) -> None:
    """Counted by its manager, told in words."""
    name = f"backend-{whole.world.system.backend_ports[0]}"
    cache = Cache(STRICT, ttl=0)
    look(whole, cache)
    whole.manager.signal(f"{name}-1", signal.SIGKILL)
    result = _until(
        lambda: look(whole, cache), lambda report: report.of(name).restarts == 1 and report.state is State.READY
    )  # type: ignore[union-attr]
    assert f"{name}-1 restarted" in [change.text for change in cache.changes]
    assert result.change


def test_a_crash_loop_is_degraded_though_it_answers_between_its_deaths(whole: System) -> None:
    """Five restarts in five minutes."""
    cache = Cache(STRICT, ttl=0)
    track = cache.history("engine")
    look(whole, cache)
    track.crashes.extend([time.time()] * 5)
    reading = look(whole, cache).of("engine")
    assert reading and (reading.state, reading.why) == (State.DEGRADED, "crashed 5 times in 5 min")


def test_restarts_that_were_asked_for_are_no_crash_loop(whole: System) -> None:
    """A rolling restart, again and again."""
    cache = Cache(STRICT, ttl=0)
    look(whole, cache)
    for _ in range(6):
        whole.manager.restart(["frontend"])
        look(whole, cache)
    reading = _until(lambda: look(whole, cache).of("frontend"), lambda item: item.state is State.READY)
    assert reading.restarts == 6


def test_a_worker_that_is_given_up_degrades_its_backend(whole: System) -> None:
    """The other one answers."""
    name = f"backend-{whole.world.system.backend_ports[1]}"
    whole.fault(backend={"dies": True})
    for _ in range(4):
        child = whole.manager.children[f"{name}-1"]
        if child.running:
            child.running.kill()
        time.sleep(0.3)
    _until(lambda: child, lambda item: item.gave_up)
    reading = look(whole).of(name)
    whole.fault()
    whole.manager.start([f"{name}-1"])
    assert reading and (reading.state, reading.why) == (
        State.DEGRADED,
        f"1 of 2 workers: {name}-1 is failed: ended with 3",
    )


def test_a_manager_that_cannot_be_asked_is_trouble_of_its_own(whole: System) -> None:
    """Not a system whose every process is dead: what answers is ready, and the whole is degraded."""
    whole.manager.broken = "supervisor does not answer"
    result = look(whole)
    whole.manager.broken = ""
    assert (result.state, {service.state for service in result.services}) == (State.DEGRADED, {State.READY})
    assert result.trouble == "cannot ask the manager: supervisor does not answer"


def test_a_full_disk_degrades(whole: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the stores refuse to write."""
    monkeypatch.setattr(host, "DISK_FULL", 0.0)
    assert look(whole).code is HealthCode.DEGRADED


def test_the_guards_file_gives_history_to_who_looks_once(whole: System) -> None:
    """Latencies, restarts, the last change, and what was given up; no secret."""
    cache = Cache(ttl=0)
    for _ in range(5):
        look(whole, cache)
    cache.note("engine", "restarted")
    cache.history("engine").restarts.append(time.time() - 10)
    cache.gave_up["frontend"] = "5 restarts did not help"
    file = whole.world.run / "health.json"
    caches.save(cache, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert "test-password" not in file.read_text() and "test-key" not in file.read_text()
    whole.fault(frontend={"status": 500})
    later = caches.load(file, STRICT)
    later.ttl = 0
    result = look(whole, later)
    engine, frontend = result.of("engine"), result.of("frontend")
    assert engine and engine.restarts == 1 and len(json.loads(file.read_text())["services"]["engine"]["latencies"]) == 5
    assert frontend and frontend.gave_up == "5 restarts did not help"
    assert result.change and (result.change.service, result.change.text) != ("", "")


def test_without_credentials_what_the_guard_saw_last_is_shown(whole: System) -> None:
    """Natively without root: with its age, instead of nothing."""
    cache = Cache(STRICT)
    look(whole, cache)
    caches.save(cache, whole.world.run / "health.json")
    later = time.time() + 30
    stranger = caches.load(whole.world.run / "health.json", STRICT, now=lambda: later)
    result = look(whole, stranger, redis_url="", postgres_dsn="")
    postgres = result.of("postgres")
    assert postgres and postgres.state is State.READY and 29 < (postgres.age or 0) < 32


def test_without_credentials_and_guard_the_workers_are_asked(whole: System) -> None:
    """They can say whether a store can be used, though not whether it takes writes."""
    well = {"state": "up", "latency_ms": 1.5, "age_s": 0.2}
    down = {"state": "down", "detail": "connection refused"}
    for status, redis, state in ((200, well, State.READY), (503, down, State.DOWN)):
        whole.fault(backend={"status": status, "checks": {"postgres": well, "redis": redis}})
        result = look(whole, redis_url="", postgres_dsn="")
        reading, postgres = result.of("redis"), result.of("postgres")
        assert reading and (reading.state, reading.useful) == (state, None)
        assert postgres and postgres.state is State.READY and postgres.latency and postgres.latency.last == 1.5


@pytest.mark.parametrize("text", ["", "{", '{"version": 99}', '{"version": 1, "at": 0}', "[]"])
def test_a_broken_file_of_the_guard_is_no_history(tmp_path: Path, text: str) -> None:
    """Never an error."""
    (tmp_path / "health.json").write_text(text)
    assert caches.load(tmp_path / "health.json", STRICT).histories == {}


def test_pressure_and_containers_are_read_from_small_files(tmp_path: Path) -> None:
    """As the kernel writes them."""
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure/cpu").write_text(
        "some avg10=3.14 avg60=1.00 avg300=0.10 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    )
    for pid, comm, text in (
        (
            7,
            "docker-proxy",
            "\0".join(("docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "6379", "")),
        ),
        (8, "bash", "bash\0"),
    ):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "comm").write_text(f"{comm}\n")
        (tmp_path / str(pid) / "cmdline").write_text(text)
    assert host.pressure("cpu", "some", tmp_path) == 3.14
    assert host.pressure("memory", "full", tmp_path) is None
    assert host.containers(frozenset({6379}), tmp_path) == ("port 6379 by docker-proxy 7",)
    assert host.containers(frozenset({5432}), tmp_path) == ()


def _until(ask, good, seconds: float = 20):  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not ((response := ask()) and good(response)):
        assert time.monotonic() < end, response
        time.sleep(0.05)
    return response
