"""Which project is meant, and who plays which part in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe.projects import looks_like_omnimind, pick_project, recognized, roles
from omnimind_ops.tools.images import base_name, role_of


def container(project: str, service: str, image: str, *, oneoff: bool = False, number: int = 1) -> Container:
    return Container(
        id=f"{project}{service}{number}".ljust(64, "0"), name=f"{project}-{service}-{number}", image=image, project=project, service=service,
        working_dir=f"/srv/{project}", config_files=(f"/srv/{project}/docker-compose.yml",), running=True, restart_policy="no", pid=1, ip="",
        user="", oneoff=oneoff, state="running",
    )  # fmt: skip


def project(name: str, **images: str) -> Project:
    members = tuple(container(name, service, image) for service, image in images.items())
    return Project(name, f"/srv/{name}", (f"/srv/{name}/docker-compose.yml",), members)


OMNIMIND = project(
    "omnimind",
    backend="omnimind_backend",
    frontend="omnimind-frontend",
    qdrant="qdrant/qdrant:latest",
    redis="redis:alpine",
)
BLOG = project("blog", web="nginx", db="mysql:8")
CLUSTER = project("cluster", **{f"redis-{number}": "redis:7" for number in range(6)})


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("redis:alpine", "redis"),
        ("registry.example:5000/a/qdrant@sha256:0", "qdrant"),
        ("bitnami/redis:7.2", "redis"),
        ("Redis", "redis"),
    ],
)
def test_an_image_has_a_base_name(image: str, name: str) -> None:
    assert base_name(image) == name


@pytest.mark.parametrize(
    ("service", "image", "role"),
    [
        ("cache", "valkey/valkey:8", "redis"),
        ("redis", "qdrant/qdrant", "qdrant"),  # the image's name is first
        ("redis", "own/cache:1", "redis"),
        ("web", "omnimind_frontend", "frontend"),
        ("api", "omnimind-backend:latest", "backend"),
        ("redis-commander", "rediscommander/redis-commander", ""),
        ("benchmark", "omnimind-benchmark", ""),
        ("db", "mysql:8", ""),
        ("db", "pgvector/pgvector:pg16", "postgres"),
    ],
)
def test_a_role_comes_from_the_image_then_the_service(service: str, image: str, role: str) -> None:
    assert role_of(service, image, "omnimind") == role


def test_every_part_is_found_and_the_rest_are_others() -> None:
    more = (
        *OMNIMIND.containers,
        container("omnimind", "benchmark", "omnimind-benchmark"),
        container("omnimind", "redis", "redis:alpine", oneoff=True, number=2),
    )
    found = roles(Project("omnimind", "", (), more))
    assert (found.qdrant, found.redis, found.backend, found.frontend) == (more[2], more[3], more[0], more[1])
    assert found.postgres is None
    assert found.others == more[4:]


def test_two_containers_for_one_part_are_a_problem() -> None:
    with pytest.raises(Problem, match="which container of omnimind is the redis") as caught:
        roles(Project("omnimind", "", (), (*OMNIMIND.containers, container("omnimind", "queue", "redis:7"))))
    assert "omnimind-redis-1" in caught.value.why
    assert "omnimind-queue-1" in caught.value.why


def test_the_only_one_that_looks_like_omnimind_is_found() -> None:
    assert pick_project((BLOG, CLUSTER, OMNIMIND), None, None) is OMNIMIND


def test_a_lone_project_with_a_part_of_it_is_taken_but_a_redis_cluster_never() -> None:
    part = project("omnimind", backend="omnimind-backend", redis="redis:alpine")
    assert pick_project((part,), None, None) is part
    assert not looks_like_omnimind(CLUSTER)
    immich = project(
        "immich", immich_server="immich-server", redis="valkey/valkey:8", database="immich-app/postgres:14"
    )
    for foreign in (CLUSTER, BLOG, immich):
        with pytest.raises(Problem, match="cannot choose"):
            pick_project((foreign,), None, None)


def test_why_a_project_counts_is_said() -> None:
    text = "project omnimind counts as OmniMind's stack because of its qdrant (qdrant), redis (redis)"
    assert recognized(OMNIMIND).startswith(text)
    assert "chosen by name" in recognized(BLOG)


def test_several_are_listed_with_their_services_and_states() -> None:
    other = project("copy", qdrant="qdrant/qdrant", redis="redis:7")
    with pytest.raises(Problem, match="copy, omnimind") as caught:
        pick_project((BLOG, other, OMNIMIND), None, None)
    assert "--project NAME" in caught.value.fix
    assert caught.value.log == (
        "copy: qdrant running, redis running (/srv/copy)",
        "omnimind: backend running, frontend running, qdrant running, redis running (/srv/omnimind)",
    )


def test_a_name_or_a_path_chooses(tmp_path: Path) -> None:
    assert pick_project((BLOG, OMNIMIND), "blog", None) is BLOG
    assert pick_project((BLOG, OMNIMIND), None, Path("/srv/blog/docker-compose.yml")) is BLOG
    assert pick_project((BLOG, OMNIMIND), None, Path("/srv/blog/../blog")) is BLOG
    with pytest.raises(Problem, match="named nobody") as caught:
        pick_project((BLOG, OMNIMIND), "nobody", None)
    assert len(caught.value.log) == 2
    with pytest.raises(Problem, match="no container was created from"):
        pick_project((BLOG, OMNIMIND), None, tmp_path)


def test_no_project_at_all_is_a_problem() -> None:
    with pytest.raises(Problem, match="cannot find the Compose project"):
        pick_project((), None, None)


def with_two(**variables: str) -> Project:
    """The project with a second Redis, and variables of its backend."""
    backend, *rest = OMNIMIND.containers
    return Project(
        "omnimind", "", (), (replace(backend, env=variables), *rest, container("omnimind", "queue", "redis:7"))
    )


@pytest.mark.parametrize("url", ["redis://queue:6379/0", "redis://:pw@omnimind-queue-1", "queue"])
def test_of_two_stores_the_backend_s_is_migrated(url: str) -> None:
    project = with_two(REDIS_URL=url, OTHER="redisqueue:1")
    found = roles(project)
    assert found.redis and found.redis.service == "queue"
    assert [other.service for other in found.others] == ["redis"]
    assert found.notes == (
        "omnimind-queue-1 is migrated, because the backend uses it; not omnimind-redis-1 (--redis-service chooses)",
    )
    assert pick_project((project, BLOG), None, None) is project


def test_of_two_stores_one_can_be_named() -> None:
    both = with_two(CACHE="redis://redis", QUEUE="redis://queue")
    with pytest.raises(Problem, match="are used by the backend"):
        roles(both)
    chosen = roles(both, {"redis": "redis"}).redis
    assert chosen and chosen.service == "redis"
    with pytest.raises(Problem, match=r"cannot use --redis-service nothing: no containers of omnimind match.*queue"):
        roles(both, {"redis": "nothing"})
