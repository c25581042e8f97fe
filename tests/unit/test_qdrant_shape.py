"""A Qdrant in cluster mode: one node is moved, a node with peers is refused with the reason."""

from __future__ import annotations

import pytest

from omnimind_ops.flows import qdrant_shape
from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.facts import ClusterFacts

CONTAINER = Container(
    id="a" * 64, name="shop-qdrant-1", image="qdrant/qdrant", project="shop", service="qdrant", working_dir="",
    config_files=(), running=True, restart_policy="no", pid=1, ip="", user="",
    env={"QDRANT__CLUSTER__ENABLED": "true", "QDRANT__SERVICE__HTTP_PORT": "8333"},
)  # fmt: skip
ALONE = ClusterFacts(True, {"11": "http://a:6335/"})


def notes(monkeypatch: pytest.MonkeyPatch, facts: ClusterFacts, *, moves: bool = True) -> list[str]:
    monkeypatch.setattr(qdrant_shape, "cluster", lambda _: facts)
    return list(qdrant_shape.notes(CONTAINER, QdrantEndpoint("http://127.0.0.1:1"), moves=moves))


def test_a_cluster_of_one_node_is_moved_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert notes(monkeypatch, ALONE) == [
        "the old Qdrant listens on port 8333 inside shop-qdrant-1",
        "the old Qdrant runs in cluster mode as its only node; the native one runs with cluster mode off",
    ]
    assert len(notes(monkeypatch, ClusterFacts(False))) == 1


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (ClusterFacts(True, {"11": "", "22": "", "33": ""}), "one of 3 nodes of a cluster"),
        (ClusterFacts(True, {"11": ""}, ("docs",)), "shards of docs are on other nodes"),
    ],
)
def test_a_node_with_peers_is_refused(monkeypatch: pytest.MonkeyPatch, facts: ClusterFacts, why: str) -> None:
    with pytest.raises(Problem, match=why):
        notes(monkeypatch, facts)
    notes(monkeypatch, facts, moves=False)  # a backup takes its place
