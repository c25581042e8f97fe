"""The pure parts of the test hosts: recipes, keys, the cache, capabilities, the probe's arithmetic, the seed's
determinism.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.hosts import cache, capabilities, seed
from tests.hosts.probe import Refused, Tally
from tests.hosts.recipe import Recipe
from tests.hosts.watch import STACK_ENDPOINTS, Endpoint, probe_words
from tests.hosts.words import Mount, create_words


def test_equal_recipes_have_equal_keys_and_the_order_of_packages_does_not_matter() -> None:
    assert Recipe(packages=("git", "jq")).key == Recipe(packages=("jq", "git")).key


@pytest.mark.parametrize("other", [Recipe("trixie"), Recipe(packages=("jq",))])
def test_whatever_shapes_the_image_changes_the_key(other: Recipe) -> None:
    assert other.key != Recipe().key


def test_the_key_does_not_depend_on_where_the_tar_is_written() -> None:
    assert Recipe().image.endswith(Recipe().key)
    assert "image.tar" not in Recipe().build_words(Path("/elsewhere/x.tar"))


def test_a_stock_host_has_nothing_that_only_omnimind_needs() -> None:
    """The installer's variant, its ssh server and Docker: a package more would hide that omnimind forgets to install
    it.
    """
    arguments = Recipe().build_words(Path("image.tar"))
    assert Recipe().installed == ("openssh-server", "docker.io", "docker-compose")
    assert "--variant=standard" in arguments and not any(word.startswith(("--include", "--skip")) for word in arguments)


def test_a_full_bounding_set_drops_nothing_and_a_missing_capability_is_named() -> None:
    assert capabilities.words("CapBnd:\t000001ffffffffff") == ("--cap-add", "ALL")
    assert capabilities.words("CapBnd:\t000001fffeffffff")[2:] == ("--cap-drop", "SYS_RESOURCE")


def test_key_tells_apart_parts_that_join_to_the_same_text() -> None:
    assert cache.key_of("ab", "c") != cache.key_of("a", "bc")


def test_a_failed_build_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIMIND_HOST_CACHE", str(tmp_path))

    def half(target: Path) -> None:
        target.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        cache.kept("thing", half)
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]
    assert cache.kept("thing", lambda target: target.write_text("whole") and None).read_text() == "whole"
    assert cache.kept("thing", half).read_text() == "whole"


def test_the_cache_keeps_the_last_used_of_each_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIMIND_HOST_CACHE", str(tmp_path))
    names = [f"stack-{cache.key_of(str(number))}.tar" for number in range(cache.KEPT_OF_A_KIND + 1)]
    (tmp_path / "other.tar").touch()
    for age, name in enumerate(names[:-1]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    cache.kept(names[-1], Path.touch)
    assert not (tmp_path / names[-2]).exists()
    assert all((tmp_path / name).exists() for name in [*names[:-2], names[-1], "other.tar"])


def test_a_gap_reaches_from_the_last_good_answer_to_the_next() -> None:
    tally = Tally(started=10.0)
    tally.add_good(11.0, 0.1)
    tally.add_bad(Refused())
    tally.add_bad(ValueError("status 503"))
    tally.add_good(14.0, 0.2)
    tally.add_good(15.0, 0.1)
    report = tally.report(15.0, epoch=0.0)
    assert (report["ok"], report["failed"], report["refused"]) == (3, 1, 1)
    assert (report["longest_gap"], report["total_gap"], report["silent_at_end"]) == (3.0, 3.0, False)


def test_silence_at_the_end_is_an_open_gap_and_slowness_is_none() -> None:
    tally = Tally(started=0.0)
    tally.add_good(5.0, 5.0)
    assert tally.report(6.0, epoch=0.0)["longest_gap"] == 0.0
    tally.add_bad(Refused())
    assert tally.report(9.0, epoch=0.0)["longest_gap"] == 4.0


def test_the_probe_is_told_of_credentials_only_where_there_are_some() -> None:
    late = Endpoint("redis", "redis", "127.0.0.1:6379", "/etc/omnimind/redis.password")
    assert "--credentials=redis=/etc/omnimind/redis.password" in probe_words([late], 0.02, 2.0, "/o")
    assert not [word for word in probe_words(STACK_ENDPOINTS, 0.02, 2.0, "/o") if "credentials" in word]


def test_a_mount_is_read_only_unless_told_otherwise(tmp_path: Path) -> None:
    arguments = create_words("n", "v", "i", [Mount(tmp_path, "/in")], {"A": "b"})
    assert f"{tmp_path.resolve()}:/in:ro" in arguments and "--env=A=b" in arguments


def test_the_seed_decides_every_byte() -> None:
    first, again, other = (next(seed.batches(number, 20)) for number in (7, 7, 8))
    assert first == again != other
    points = json.loads(first)["points"]
    assert [point["id"] for point in points] == list(range(20))
    assert {len(point["vector"]) for point in points} == {seed.SIZE}


def test_narratives_have_uuid_ids_and_some_have_no_payload() -> None:
    points = json.loads(next(seed.narratives(7)))["points"]
    assert len({point["id"] for point in points}) == seed.NARRATIVE_POINTS
    assert points[0]["payload"] is None and points[1]["payload"]


def test_a_capability_that_the_engine_does_not_know_is_not_dropped() -> None:
    command = (
        "create",
        "--cap-add",
        "ALL",
        "--cap-drop",
        "SYS_RESOURCE",
        "--cap-drop",
        "PERFMON",
        "--label",
        "PERFMON",
        "image",
    )
    assert capabilities.without(command, "PERFMON") == (
        "create",
        "--cap-add",
        "ALL",
        "--cap-drop",
        "SYS_RESOURCE",
        "--label",
        "PERFMON",
        "image",
    )


def test_a_server_before_docker_and_a_small_host_have_images_of_their_own() -> None:
    bare, small = Recipe(docker=False), Recipe(small=True)
    assert len({bare.key, small.key, Recipe().key}) == 3
    assert bare.installed == ("openssh-server",)
    assert "docker.io" in small.installed and "--variant=minbase" in small.build_words(Path("image.tar"))
