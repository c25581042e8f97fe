"""Bad input: a Problem with what, why and what to do; nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample
from tests.stores.backup.real import file_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        booted.sh(
            "apt-get -qq update", timeout=300
        )  # as a server's own timer does; else each refusal reads the lists by itself
        yield booted


def refused(
    host: Host,
    *words: str,
    prepare: str = "",
    restore: str = "",
    user: str = "root",
    program: Sequence[str] = (tool.PROGRAM, *tool.WORDS),
) -> str:
    """Run a migration that must be refused; returns what it said. Nothing may have changed."""
    if prepare:
        host.sh(prepare)
    try:
        said = host.run((*program, "--yes", *words), check=False, user=user)
    finally:
        if restore:
            host.sh(restore)
    assert said.returncode not in (0, 3), said.stdout + said.stderr
    assert "error: cannot" in said.stderr and "fix:" in said.stderr, said.stderr
    assert "Traceback" not in said.stderr
    assert not host.exists("/etc/omnimind") and not host.exists("/var/lib/omnimind")
    assert host.sh("docker ps -q | wc -l") == "4"
    return said.stderr


def test_no_docker(host: Host) -> None:
    said = host.run(("env", "DOCKER_HOST=unix:///nowhere.sock", tool.PROGRAM, *tool.WORDS, "--yes"), check=False)
    assert said.returncode == 1 and "no Docker engine answers" in said.stderr


def test_no_such_project(host: Host) -> None:
    assert "nosuch" in refused(host, "--project", "nosuch")


def test_not_root(host: Host) -> None:
    assert "sudo" in refused(host, user="ana")


def test_disk_too_small(host: Host) -> None:
    said = refused(
        host,
        prepare="mkdir -p /var/lib/qdrant && mount -t tmpfs -o size=8m tmpfs /var/lib/qdrant",
        restore="umount /var/lib/qdrant",
    )
    assert "disk" in said


SMALL = """
mkdir -p /testhost/opt
mount --bind /opt/omnimind /testhost/opt
mount -t tmpfs -o size=64m tmpfs /opt/omnimind
mkdir /opt/omnimind/cli
mount --bind /testhost/opt/cli /opt/omnimind/cli
"""
"""A file system of its own at /opt/omnimind, with the command still in it."""
LARGE = "umount /opt/omnimind/cli /opt/omnimind /testhost/opt"


@pytest.mark.parametrize(
    ("more", "said"),
    [("mount -o remount,ro /opt/omnimind", "/opt/omnimind is mounted read-only"), ("", "/opt/omnimind/venv")],
    ids=["read-only", "full"],
)
def test_no_place_for_the_environment(host: Host, more: str, said: str) -> None:
    told = refused(host, prepare=SMALL + more, restore=LARGE)
    assert "disk" in told and said in told


def test_index_that_nobody_serves(host: Host) -> None:
    program = ("env", "PIP_INDEX_URL=http://ana:geheim@127.0.0.1:9/simple", tool.PROGRAM, "migrate", "--from-docker")
    told = refused(host, program=program)
    assert "index" in told and "http://127.0.0.1:9/simple cannot be used" in told and "--wheelhouse" in told
    assert "geheim" not in told


def test_port_held_by_a_stranger(host: Host) -> None:
    said = refused(
        host,
        prepare="systemd-run --quiet --unit=stranger python3 -m http.server 8080; for _ in $(seq 50); do ss -ltn | grep -q :8080 && break; sleep 0.1; done",
        restore="systemctl stop stranger",
    )
    assert "8080" in said and "stranger" in said


def test_wheelhouse_for_a_newer_glibc(host: Host) -> None:
    other = "bcrypt-5.0.0-cp39-abi3-manylinux_2_99_x86_64.whl"
    prepare = f"mkdir -p /testhost/wheels; ln -sf /wheelhouse/*.whl /testhost/wheels/; rm /testhost/wheels/bcrypt-*; touch /testhost/wheels/{other}"
    said = refused(host, "--wheelhouse", "/testhost/wheels", prepare=prepare)
    assert (
        f"{other} is for CPython 3.9 or newer, glibc 2.99, x86_64" in said
        and "omnimind wheelhouse DIR --python" in said
    )


def test_wheelhouse_without_a_wheel(host: Host) -> None:
    said = refused(
        host,
        "--wheelhouse",
        "/testhost/fewer",
        prepare="mkdir -p /testhost/fewer; ln -sf /wheelhouse/*.whl /testhost/fewer/; rm /testhost/fewer/openvino-*",
    )
    assert "openvino 2026." in said and "is missing" in said


def test_backup_corrupt(host: Host) -> None:
    said = refused(
        host, "--qdrant-backup", "/testhost/bad.tar.gz", prepare="head -c 100000 /dev/urandom > /testhost/bad.tar.gz"
    )
    assert "bad.tar.gz" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--qdrant-backup", "/testhost/shard.snapshot"], "--qdrant-collection NAME"),
        (
            ["--qdrant-backup", "/testhost/shard.snapshot", "--qdrant-collection", "absent"],
            "--qdrant-collection-config FILE",
        ),
        (
            ["--qdrant-backup", "/testhost/shard.snapshot", "--qdrant-collection", "universal_machine_embeddings"],
            "has (unnamed) (384 Cosine)",
        ),
        (["--qdrant-collection", "universal_machine_embeddings"], "--qdrant-backup PATH"),
    ],
)
def test_a_shard_snapshot_without_what_it_lacks(host: Host, words: list[str], why: str) -> None:
    host.copy_in(file_of("made-1.18.3", "shard"), "/testhost/shard.snapshot")
    assert why in " ".join(refused(host, *words).split())


def test_unknown_config_key(host: Host) -> None:
    host.write("/testhost/bad.toml", "qdrant_prot = 1\n")
    said = refused(host, "--config", "/testhost/bad.toml")
    assert "qdrant_prot" in said and "qdrant_port" in said


def test_unsupported_system(host: Host) -> None:
    said = refused(
        host,
        prepare="cp /etc/os-release /testhost/os; sed -i 's/^ID=.*/ID=slackware/' /usr/lib/os-release",
        restore="cp /testhost/os /usr/lib/os-release",
    )
    assert "--force-os" in said


def test_second_at_once(host: Host) -> None:
    said = refused(
        host,
        prepare="systemd-run --quiet --unit=holder flock /run/omnimind.lock sleep 60; for _ in $(seq 50); do flock -n /run/omnimind.lock true || break; sleep 0.1; done",
        restore="systemctl stop holder",
    )
    assert "cannot start" in said
