"""Users, roles and API tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from backend.accounts import bench_users
from tests.backend.cluster import Cluster


def bearer(core: Cluster, token: str) -> httpx.Client:
    return core.client(authorization=f"Bearer {token}")


def test_only_an_admin_sees_and_makes_users(core: Cluster) -> None:
    for role, status in (("reader", 403), ("writer", 403), ("admin", 200)):
        with core.logged_in(role) as client:
            assert client.get("/users").status_code == status
    with core.client() as nobody:
        assert nobody.get("/users").status_code == 401
        assert nobody.post("/users", json={"name": "x", "password": "a long password"}).status_code == 401


def test_no_answer_holds_a_password_or_its_hash(core: Cluster) -> None:
    core.user()
    with core.logged_in() as admin:
        response = admin.get("/users")
    assert "argon2" not in response.text
    assert set(response.json()[0]) == {"id", "name", "role", "disabled", "created_at"}


def test_a_name_is_given_once(core: Cluster) -> None:
    user, _ = core.user()
    with core.logged_in() as admin, ThreadPoolExecutor(4) as pool:
        assert admin.post("/users", json={"name": user["name"], "password": "a long password"}).status_code == 409
        arguments = {"name": "made-at-once", "password": "a long password"}
        statuses = sorted(pool.map(lambda _: admin.post("/users", json=arguments).status_code, range(4)))
    assert statuses == [201, 409, 409, 409]


def test_a_persons_name_is_never_one_of_those_that_come_and_go(core: Cluster) -> None:
    with core.logged_in() as admin:
        answer = admin.post("/users", json={"name": f"{bench_users.PREFIX}maria", "password": "a long password"})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")


@pytest.mark.parametrize("name", ["", "A", "-x", "x y", "x\n", "é", "x" * 65, "../x"])
def test_a_name_that_a_person_could_not_type_is_refused(core: Cluster, name: str) -> None:
    with core.logged_in() as admin:
        answer = admin.post("/users", json={"name": name, "password": "a long password"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"


def test_another_role_counts_from_the_next_login_on_and_ends_the_sessions(core: Cluster) -> None:
    user, password = core.user("writer")
    with core.client() as browser, core.logged_in() as admin:
        browser.post("/auth/login", json={"name": user["name"], "password": password})
        admin.patch(f"/users/{user['id']}", json={"role": "reader"})
        assert browser.get("/auth/me").status_code == 401
        assert browser.post("/auth/login", json={"name": user["name"], "password": password}).json()["role"] == "reader"


def test_the_last_admin_stays_whoever_tries_and_however_many_at_once(core: Cluster) -> None:
    with core.logged_in() as admin, ThreadPoolExecutor(2) as pool:
        known = [item["id"] for item in admin.get("/users").json() if item["role"] == "admin" and not item["disabled"]]
        assert len(known) == 1
        assert admin.patch(f"/users/{known[0]}", json={"role": "reader"}).status_code == 409
        assert admin.patch(f"/users/{known[0]}", json={"disabled": True}).status_code == 409
        second, _ = core.user("admin")
        tokens = [core.token("admin"), core.token("admin")]

        def demote(token: str, user: str) -> int:
            with bearer(core, token) as client:
                return client.patch(f"/users/{user}", json={"role": "writer"}).status_code

        statuses = list(pool.map(demote, tokens, (known[0], second["id"])))
        assert statuses.count(200) == 1
        with core.postgres() as link:
            row = link.execute("SELECT count(*) FROM users WHERE role = 'admin' AND NOT disabled").fetchone()
            assert row and row[0] == 1
            link.execute("UPDATE users SET role = 'admin' WHERE id = %s", (known[0],))
            link.execute("UPDATE users SET disabled = true WHERE id = %s", (second["id"],))


def test_a_user_that_does_not_exist_is_a_404(core: Cluster) -> None:
    with core.logged_in() as admin:
        assert admin.patch("/users/00000000-0000-0000-0000-000000000000", json={"disabled": True}).status_code == 404


def test_a_token_is_shown_once_and_only_its_digest_is_stored(core: Cluster) -> None:
    with core.logged_in("writer") as client:
        made = client.post("/tokens", json={"name": "import", "role": "writer"}).json()
        listed = client.get("/tokens")
    assert made["token"].startswith("omt_")
    assert made["token"] not in listed.text
    assert made["id"] in listed.text
    with core.postgres() as link:
        stored = link.execute("SELECT digest FROM tokens WHERE id = %s", (made["id"],)).fetchone()
    assert stored and len(stored[0]) == 32
    with bearer(core, made["token"]) as script:
        assert script.get("/auth/me").json() == {
            **script.get("/auth/me").json(),
            "name": "writer",
            "role": "writer",
            "via": "token",
        }


def test_a_token_may_do_at_most_what_its_owner_may(core: Cluster) -> None:
    with core.logged_in("reader") as client:
        assert client.post("/tokens", json={"name": "x", "role": "writer"}).status_code == 403
    user, password = core.user("writer")
    with core.client() as client, core.logged_in() as admin:
        client.post("/auth/login", json={"name": user["name"], "password": password})
        token = client.post("/tokens", json={"name": "x", "role": "writer"}).json()["token"]
        with bearer(core, token) as script:
            assert script.get("/auth/me").json()["role"] == "writer"
            admin.patch(f"/users/{user['id']}", json={"role": "reader"})
            assert script.get("/auth/me").json()["role"] == "reader"
            admin.patch(f"/users/{user['id']}", json={"disabled": True})
            assert script.get("/auth/me").status_code == 401


def test_a_token_makes_no_tokens(core: Cluster) -> None:
    with bearer(core, core.token()) as script:
        assert script.post("/tokens", json={"name": "x"}).status_code == 403
        assert (
            script.post("/auth/password", json={"old": "not the password", "new": "a new long password"}).status_code
            == 403
        )


def test_a_token_that_expired_or_was_deleted_opens_nothing(core: Cluster) -> None:
    with core.logged_in("writer") as client:
        made = [client.post("/tokens", json={"name": "x"}).json() for _ in range(2)]
        with core.postgres() as link:
            link.execute("UPDATE tokens SET expires_at = now() - interval '1 second' WHERE id = %s", (made[0]["id"],))
        assert client.delete(f"/tokens/{made[1]['id']}").status_code == 204
        assert client.delete(f"/tokens/{made[1]['id']}").status_code == 404
    for item in made:
        with bearer(core, item["token"]) as script:
            assert script.get("/auth/me").status_code == 401


def test_the_tokens_of_others_are_an_admins_business(core: Cluster) -> None:
    with core.logged_in("writer") as writer, core.logged_in("reader") as reader, core.logged_in() as admin:
        made = writer.post("/tokens", json={"name": "mine"}).json()
        assert made["id"] not in reader.get("/tokens").text
        assert reader.get("/tokens?all=true").status_code == 403
        assert reader.delete(f"/tokens/{made['id']}").status_code == 404
        assert made["id"] in admin.get("/tokens?all=true").text
        assert admin.delete(f"/tokens/{made['id']}").status_code == 204


def test_the_last_use_of_a_token_is_written_at_most_once_a_minute(core: Cluster) -> None:
    token = core.token()
    with bearer(core, token) as script, core.postgres() as link:

        def used() -> object:
            row = link.execute("SELECT last_used_at FROM tokens ORDER BY created_at DESC LIMIT 1").fetchone()
            return row and row[0]

        assert used() is None
        script.get("/auth/me")
        first = used()
        assert first is not None
        for _ in range(5):
            script.get("/auth/me")
        assert used() == first
        link.execute("UPDATE tokens SET last_used_at = now() - interval '61 seconds' WHERE last_used_at = %s", (first,))
        script.get("/auth/me")
        assert used() != first


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer omt_", "Bearer omt_wrong", "bearer nonsense", "Basic YTpi", "omt_x", "Bearer omt_" + "x" * 4000],
)
def test_a_header_that_is_no_token_is_a_401_even_where_reads_are_open(core: Cluster, header: str) -> None:
    with core.client() as client:
        assert client.get("/auth/me", headers={"authorization": header}).status_code == 401


def test_where_reads_are_open_nobody_can_write_or_see_users(core: Cluster) -> None:
    with core.another(OMNIMIND_OPEN_READS="yes") as worker, core.client(worker) as client:
        assert client.get("/auth/me").json() == {"id": "", "name": "anonymous", "role": "reader", "via": "open"}
        assert client.get("/system").status_code == 200
        assert client.get("/users").status_code == 403
        assert client.get("/tokens").status_code == 401
        assert client.post("/quantum/run", json={"qasm": "x"}).status_code == 403
        assert client.get("/auth/me", headers={"authorization": "Bearer omt_wrong"}).status_code == 401
        assert client.get("/auth/me", headers={"cookie": "omnimind_session=stale"}).json()["via"] == "open"
