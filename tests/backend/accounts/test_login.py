"""Passwords, sessions and their end."""

from __future__ import annotations

import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import argon2
import httpx
import pytest

from tests.backend.cluster import COOKIE, Cluster


def login(core: Cluster, name: str, password: str, worker: int = 0) -> httpx.Response:
    with core.client(worker) as client:
        return client.post("/auth/login", json={"name": name, "password": password})


def me(core: Cluster, token: str) -> int:
    with core.client(cookie=f"{COOKIE}={token}") as client:
        return client.get("/auth/me").status_code


def test_who_logs_in_gets_a_cookie_that_scripts_and_other_sites_cannot_use(core: Cluster) -> None:
    user, password = core.user("writer")
    answer = login(core, user["name"], password)
    assert answer.json() == {"id": user["id"], "name": user["name"], "role": "writer", "via": "session"}
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie  # the page is on http://localhost
    assert "domain" not in cookie
    assert password not in answer.text
    assert me(core, answer.cookies[COOKIE]) == 200


def test_a_page_may_ask_who_is_logged_in_without_an_error_for_nobody(core: Cluster) -> None:
    user, password = core.user("writer")
    token = login(core, user["name"], password).cookies[COOKIE]
    for cookie, expected in (("", None), (f"{COOKIE}={token}", user["name"]), (f"{COOKIE}=of-yesterday", None)):
        with core.client(**({"cookie": cookie} if cookie else {})) as client:
            answer = client.get("/auth/session")
            assert answer.status_code == 200
            assert (answer.json()["me"] or {}).get("name") == expected
            assert "ratelimit" in answer.headers


def test_a_wrong_password_and_an_unknown_name_look_alike(core: Cluster) -> None:
    user, _ = core.user()
    wrong, unknown = login(core, user["name"], "not the password"), login(core, "nobody-at-all", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert "set-cookie" not in wrong.headers


def test_an_unknown_name_takes_as_much_work_as_a_wrong_password(core: Cluster) -> None:
    user, _ = core.user()

    def seconds(name: str) -> float:
        began = time.perf_counter()
        login(core, name, "not the password")
        return time.perf_counter() - began

    pairs = [(seconds(user["name"]), seconds("nobody-at-all")) for _ in range(7)]
    ratio = statistics.median(unknown / known for known, unknown in pairs)
    assert 0.5 < ratio < 2


def test_after_logout_the_cookie_is_worth_nothing(core: Cluster) -> None:
    with core.logged_in("reader") as browser:
        token = browser.cookies[COOKIE]
        assert me(core, token) == 200
        assert browser.post("/auth/logout").status_code == 204
        assert COOKIE not in browser.cookies
    assert me(core, token) == 401


def test_logging_out_without_a_session_is_fine(core: Cluster) -> None:
    with core.client() as client:
        assert client.post("/auth/logout").status_code == 204


def test_a_new_password_ends_every_session(core: Cluster) -> None:
    user, password = core.user()
    tokens = [login(core, user["name"], password).cookies[COOKIE] for _ in range(3)]
    with core.client(cookie=f"{COOKIE}={tokens[0]}") as client:
        assert (
            client.post("/auth/password", json={"old": "not the password", "new": "a new long password"}).status_code
            == 401
        )
        assert [me(core, token) for token in tokens] == [200] * 3
        assert client.post("/auth/password", json={"old": password, "new": "a new long password"}).status_code == 204
    assert [me(core, token) for token in tokens] == [401] * 3
    assert login(core, user["name"], password).status_code == 401
    assert login(core, user["name"], "a new long password").status_code == 200


def test_who_is_disabled_is_out_at_once_and_cannot_come_back(core: Cluster) -> None:
    user, password = core.user()
    token = login(core, user["name"], password).cookies[COOKIE]
    with core.logged_in() as admin:
        assert admin.patch(f"/users/{user['id']}", json={"disabled": True}).json()["disabled"] is True
        assert me(core, token) == 401
        assert login(core, user["name"], password).status_code == 401
        admin.patch(f"/users/{user['id']}", json={"disabled": False})
    assert me(core, token) == 401
    assert login(core, user["name"], password).status_code == 200


def test_no_login_slips_through_while_somebody_is_being_disabled(core: Cluster) -> None:
    user, password = core.user()
    stop = threading.Event()
    got: list[str] = []

    def keep_logging_in() -> None:
        while not stop.is_set():
            answer = login(core, user["name"], password)
            if answer.status_code == 200:
                got.append(answer.cookies[COOKIE])

    with ThreadPoolExecutor(3) as pool, core.logged_in() as admin:
        jobs = [pool.submit(keep_logging_in) for _ in range(3)]
        for _ in range(5):
            count = len(got)
            while len(got) == count:
                time.sleep(0.01)
            admin.patch(f"/users/{user['id']}", json={"disabled": True})
            time.sleep(0.2)  # answers that were on their way arrive
            assert {me(core, token) for token in got} == {401}
            admin.patch(f"/users/{user['id']}", json={"disabled": False})
        stop.set()
        for job in jobs:
            job.result()


def test_a_session_lasts_while_it_is_used_but_not_for_ever(core: Cluster) -> None:
    user, password = core.user()
    token = login(core, user["name"], password).cookies[COOKIE]
    with core.redis() as link:
        key = link.zrange(f"omnimind:sessions:{user['id']}", 0, -1)[0]
        link.expire(key, 100)
        assert me(core, token) == 200
        assert link.ttl(key) > 12 * 3600 - 60
        data = json.loads(link.get(key))
        link.set(key, json.dumps({**data, "until": time.time() - 1}), keepttl=True)
    assert me(core, token) == 401


def test_a_session_that_cannot_be_read_has_ended(core: Cluster) -> None:
    user, password = core.user()
    for value in ("no JSON", "[]", '{"user": 1}', '{"until": "x", "user": "u", "name": "n", "role": "king"}'):
        token = login(core, user["name"], password).cookies[COOKIE]
        with core.redis() as link:
            key = link.zrange(f"omnimind:sessions:{user['id']}", -1, -1)[0]
            link.set(key, value, keepttl=True)
            assert me(core, token) == 401
            assert not link.exists(key), "it is not prolonged"


def test_redis_holds_nothing_that_opens_a_session(core: Cluster) -> None:
    user, password = core.user()
    token = login(core, user["name"], password).cookies[COOKIE]
    assert len(token) >= 43  # 256 bits
    with core.redis() as link:
        keys = list(link.scan_iter("omnimind:session*"))
        values = b"".join(link.get(key) or b"" for key in keys if link.type(key) == b"string")
    assert token.encode() not in b"".join(keys) + values
    assert password.encode() not in values


@pytest.mark.parametrize("token", ["x", "a" * 43, "../../x", "%00", "omt_abc", "é", "a" * 5000])
def test_a_forged_cookie_is_nobody(core: Cluster, token: str) -> None:
    with core.client() as client:
        answer = client.get("/auth/me", headers={b"cookie": f"{COOKIE}={token}".encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_hash_of_older_parameters_is_renewed_at_the_login(core: Cluster) -> None:
    user, password = core.user()
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(password)
    with core.postgres() as link:
        link.execute("UPDATE users SET password_hash = %s WHERE id = %s", (old, user["id"]))
        assert login(core, user["name"], password).status_code == 200
        row = link.execute("SELECT password_hash FROM users WHERE id = %s", (user["id"],)).fetchone()
    assert row and row[0] != old
    assert "m=32768,t=3,p=1" in row[0]
    assert login(core, user["name"], password).status_code == 200


def test_guessing_ends_with_429_for_that_name_even_if_all_guesses_are_made_at_once(core: Cluster) -> None:
    user, password = core.user()
    other, its = core.user()
    with (
        core.another(OMNIMIND_LOGINS_PER_MINUTE="5", OMNIMIND_REDIS_URL=core.other_redis) as worker,
        ThreadPoolExecutor(12) as pool,
    ):
        answers = list(pool.map(lambda n: login(core, user["name"], f"guess number {n}", worker), range(24)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {401, 429}
        assert statuses.count(401) <= 10  # 5 in each of two minutes, should the second begin meanwhile
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 0 < int(refused.headers["retry-after"]) <= 61
        assert login(core, other["name"], its, worker).status_code == 200


def test_a_name_is_counted_over_all_addresses(core: Cluster) -> None:
    user, password = core.user()
    with core.another(OMNIMIND_LOGINS_PER_MINUTE="5", OMNIMIND_REDIS_URL=core.other_redis) as worker:
        statuses = []
        for number in range(24):
            transport = httpx.HTTPTransport(local_address=f"127.0.1.{number + 1}")
            with httpx.Client(base_url=core.url(worker), transport=transport, timeout=60) as client:
                body = {"name": user["name"], "password": f"guess number {number}"}
                statuses.append(client.post("/auth/login", json=body).status_code)
        assert set(statuses) == {401, 429} and statuses.count(401) <= 10


def test_guesses_of_others_lock_nobody_out_of_his_own_device(core: Cluster) -> None:
    user, password = core.user()
    with (
        core.another(OMNIMIND_LOGINS_PER_MINUTE="2", OMNIMIND_REDIS_URL=core.other_redis) as worker,
        core.client(worker) as device,
    ):
        right = {"name": user["name"], "password": password}
        assert device.post("/auth/login", json=right).status_code == 200
        for name in (user["name"], *(f"nobody-{number}" for number in range(60))):
            login(core, name, "a wrong one", worker)
            login(core, name, "another one", worker)
        assert login(core, user["name"], password, worker).status_code == 429, "a stranger's device"
        assert device.post("/auth/login", json=right).status_code == 200
        statuses = [device.post("/auth/login", json={**right, "password": "stolen?"}).status_code for _ in range(8)]
        assert 429 in statuses, "and it does not guess without limit"


def test_a_right_password_forgets_the_wrong_ones(core: Cluster) -> None:
    user, password = core.user()
    with core.another(OMNIMIND_LOGINS_PER_MINUTE="3", OMNIMIND_REDIS_URL=core.other_redis) as worker:
        for _ in range(4):
            assert [
                login(core, user["name"], guess, worker).status_code
                for guess in ("a wrong one", "another one", password)
            ] == [401, 401, 200]
