"""A wheelhouse, made from an index of this machine's own: the wheels of the target, by the hashes of the lock, whole or
not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops import origin
from omnimind_ops.flows.wheelhouse import make
from omnimind_ops.flows.wheelhouse.make import Order
from omnimind_ops.model.event import Event
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.wheelhouse import MANIFEST, Target
from omnimind_ops.observe.wheelhouse import pins, wheelhouse
from omnimind_ops.planning.check_wheelhouse import find_faults
from omnimind_ops.tools import lock_file, wheel_file
from tests.hosts.index import Index, serving

TARGET = Target("3.12", (2, 31))
FITTING, NEWER, OTHER = "manylinux_2_28_x86_64", "manylinux_2_34_x86_64", "manylinux_2_28_aarch64"


def wheel(folder: Path, name: str, tag: str = "py3-none-any") -> str:
    """Write a wheel of version 1.0 with a tag of its own, and return its digest."""
    made = wheel_file.write(
        folder,
        name,
        "1.0",
        {f"{name}.py": tag.encode()},
        {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()},
    )
    path = made.rename(folder / f"{name}-1.0-{tag}.whl")
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Place:
    """Wheels, a lock of them, and an index that serves them."""

    def __init__(self, root: Path) -> None:
        self.root, self.wheels, self.lock = root, root / "wheels", root / "cpu.txt"
        self.wheels.mkdir()
        self.digests = {"pure": [wheel(self.wheels, "pure")]}
        self.digests["native"] = [
            wheel(self.wheels, "native", f"cp{python}-cp{python}-{platform}")
            for python in (311, 312)
            for platform in (FITTING, NEWER, OTHER)
        ]
        self.write_lock()

    def write_lock(self) -> None:
        lines = (
            f"{name}==1.0 " + " ".join(f"--hash=sha256:{digest}" for digest in digests)
            for name, digests in self.digests.items()
        )
        self.lock.write_text("\n".join(lines) + "\n")

    def order(self, target: Target = TARGET) -> Order:
        return Order(self.root / "made", target, "cpu", (self.lock,))

    def make(self, target: Target = TARGET) -> list[Event]:
        events: list[Event] = []
        order = self.order(target)
        make.make(order, make.prepare(order, events.append), events.append)
        return events

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.root / "made").iterdir())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    yield Place(tmp_path)


@pytest.fixture
def index(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serving(place.wheels, place.root / "marks") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index


def test_it_holds_the_wheels_of_the_target_and_our_own(place: Place, index: Index) -> None:
    events = place.make()
    assert place.names() == sorted(
        [f"native-1.0-cp312-cp312-{FITTING}.whl", "pure-1.0-py3-none-any.whl", origin.file_name(), MANIFEST]
    )
    manifest = json.loads((place.root / "made" / MANIFEST).read_text())
    assert {name: manifest[name] for name in ("python", "glibc", "machine", "lock")} == {
        "python": "3.12",
        "glibc": "2.31",
        "machine": "x86_64",
        "lock": "cpu",
    }
    for file in manifest["files"]:
        content = (place.root / "made" / file["name"]).read_bytes()
        assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    result = wheelhouse(str(place.root / "made"))
    locked = lock_file.parse(place.lock.read_text())
    assert (
        list(find_faults(result, locked, TARGET)) == []
        and list(find_faults(result, locked, Target("3.11", (2, 31)))) != []
    )
    assert any(
        "2 wheels, 0 B to download, plus 2 whose size the index does not report" in event.text for event in events
    )
    assert index.asked() == [], "our own wheel is not asked for"


def test_before_it_downloads_it_tells_how_much_and_writes_nothing(place: Place, index: Index) -> None:
    chosen = make.prepare(place.order(), lambda _: None)
    assert {item.name for item in chosen.missing} == {
        f"native-1.0-cp312-cp312-{FITTING}.whl",
        "pure-1.0-py3-none-any.whl",
    }
    assert not (place.root / "made").exists()


def test_what_is_there_is_not_fetched_again_and_what_is_not_wanted_goes(place: Place, index: Index) -> None:
    place.make()
    (place.root / "made" / "old-1.0-py3-none-any.whl").write_bytes(b"old")
    (place.root / "made" / "pure-1.0-py3-none-any.whl").write_bytes(b"cut short")
    before = len(index.paths)
    place.make()
    fetched = [path for path in index.paths[before:] if path.startswith("/files/native")]
    assert fetched == [] and "old-1.0-py3-none-any.whl" not in place.names()
    assert (
        list(find_faults(wheelhouse(str(place.root / "made")), lock_file.parse(place.lock.read_text()), TARGET)) == []
    )


def test_a_target_without_a_wheel_is_a_problem_that_names_the_package(place: Place, index: Index) -> None:
    with pytest.raises(Problem, match=r"native==1\.0 has no .*wheels"):
        place.make(Target("3.13", (2, 31)))
    assert not (place.root / "made").exists()


def test_a_file_that_is_not_the_one_of_the_lock_is_refused(place: Place, index: Index) -> None:
    place.digests["pure"] = ["0" * 64]
    place.write_lock()
    with pytest.raises(Problem, match=r"no wheel of pure 1\.0 .* whose hash is in the lock"):
        place.make()


def test_a_file_that_changes_on_its_way_is_refused_and_leaves_nothing(place: Place, index: Index) -> None:
    order = place.order()
    chosen = make.prepare(order, lambda _: None)
    index.files["pure-1.0-py3-none-any.whl"] = b"something else"
    with pytest.raises(Problem, match="its hash differs from the lock's"):
        make.make(order, chosen, lambda _: None)
    assert [name for name in place.names() if not name.startswith("native")] == []


def test_an_index_that_goes_away_is_told_and_what_came_is_kept(place: Place, index: Index) -> None:
    order = place.order()
    chosen = make.prepare(order, lambda _: None)
    gone = index.files.pop("pure-1.0-py3-none-any.whl")
    with pytest.raises(Problem) as caught:
        make.make(order, chosen, lambda _: None)
    assert caught.value.what == "cannot download pure-1.0-py3-none-any.whl" and "404" in caught.value.why
    index.files["pure-1.0-py3-none-any.whl"] = gone
    place.make()
    assert MANIFEST in place.names()


def test_an_index_that_is_not_there_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(Problem, match=r"127\.0\.0\.1:9"):
        place.make()


def test_an_index_with_a_password_in_its_address(place: Place, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.login = "ana:s3cret word"
    with pytest.raises(Problem, match="401"):
        place.make()
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("http://", "http://ana:s3cret%20word@"))
    events = place.make()
    assert MANIFEST in place.names()
    assert (
        not any("s3cret" in event.text for event in events)
        and "s3cret" not in (place.root / "made" / MANIFEST).read_text()
    )


def test_wheels_may_come_from_a_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(place.wheels))
    monkeypatch.setenv("PIP_INDEX_URL", (place.root / "empty").as_uri())
    (place.root / "empty").mkdir()
    place.make()
    assert "pure-1.0-py3-none-any.whl" in place.names()


def test_a_folder_of_something_else_is_left_alone(place: Place, index: Index) -> None:
    (place.root / "made").mkdir()
    (place.root / "made" / "thesis.tex").write_text("mine")
    with pytest.raises(Problem, match=r"contains other files: thesis\.tex"):
        place.make()
    assert place.names() == ["thesis.tex"]


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("/proc/omnimind/wheels", "/proc is not on a disk: no files can be stored there"),
        ("/etc/hostname/wheels", "/etc/hostname is a file, not a folder"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_in_words(place: Place, folder: str, why: str) -> None:
    """No index is asked before: none answers here."""
    with pytest.raises(Problem, match=f"^cannot create the wheelhouse: {why}$"):
        make.prepare(replace(place.order(), folder=Path(folder)), lambda _: None)


def test_a_disk_without_room_is_told_before_anything_is_fetched(place: Place, index: Index) -> None:
    order = place.order()
    chosen = make.prepare(order, lambda _: None)
    big = make.Selection(chosen.wheels, tuple(replace(item, size=10**15) for item in chosen.missing))
    with pytest.raises(Problem, match=r"2000000\.0 GB must be downloaded, and .* free"):
        make.make(order, big, lambda _: None)
    assert not (place.root / "made").exists()


def test_the_command_has_all_that_it_requires_in_its_lock() -> None:
    """install.sh installs it without asking for dependencies."""
    project = tomllib.loads((origin.ROOT / "pyproject.toml").read_text())["project"]
    locked = {pin.name for pin in pins("cli")}
    assert {
        wheel_file.normal(re.split(r"[\[><=~!; ]", dependency)[0]) for dependency in project["dependencies"]
    } <= locked
