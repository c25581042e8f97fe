"""A Qdrant in a network of its own: read from inside, and then cut off."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fence import find_inside, is_cut_off
from omnimind_ops.stores.qdrant.fingerprint import settled_fingerprint
from omnimind_ops.tools.namespace import has_own_network, in_network_of, interfaces_up
from tests.qdrant import Server, words

NETWORK = "ip link set lo up && ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up"


def need_networks() -> None:
    done = subprocess.run(("unshare", "--net", "sh", "-c", NETWORK), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no network of its own can be made here: {done.stderr.strip()}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Qdrant in another network, as in a container."""
    need_networks()
    ready = tmp_path / "ready"
    command = ("unshare", "--net", "sh", "-c", f'{NETWORK} && touch {ready} && exec "$@"', "sh", *words())
    item = Server(tmp_path / "q", command)
    process = item.launch()
    try:
        while not (ready.exists() and find_inside(process.pid, item.port, "")):
            assert process.poll() is None, item.said()
        yield item
    finally:
        item.kill()


def test_a_server_is_read_from_inside_after_its_network_is_gone(server: Server) -> None:
    assert server.process
    pid = server.process.pid
    inside = find_inside(pid, server.port, "")
    assert inside and has_own_network(pid) and not is_cut_off(pid)
    assert set(in_network_of(pid, interfaces_up)) == {"eth0", "eth1"}
    before = inside.read(settled_fingerprint)
    inside.close()
    assert is_cut_off(pid)
    assert inside.read(settled_fingerprint) == before
    inside.close()
    assert not has_own_network(os.getpid())


def test_a_server_in_this_network_cannot_be_cut_off(tmp_path: Path) -> None:
    server = Server(tmp_path / "q").start()
    try:
        assert server.process
        assert find_inside(server.process.pid, server.port, "") is None
        assert not is_cut_off(server.process.pid)
        assert settled_fingerprint(QdrantEndpoint(server.url)).counts["collections"] == 0
    finally:
        server.kill()


def test_a_server_that_does_not_answer_inside_is_not_cut_off(server: Server) -> None:
    assert server.process
    assert find_inside(server.process.pid, server.port + 1, "") is None
    assert not is_cut_off(server.process.pid)
