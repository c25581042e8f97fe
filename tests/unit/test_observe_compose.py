"""A Compose file is read as Compose reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.model.json import JSON
from omnimind_ops.observe import compose as files
from omnimind_ops.tools import compose

WORDS = {"USER": "ana", "EMPTY": "", "PORT": "8000"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$USER", "ana"),
        ("${USER}", "ana"),
        ("${NONE:-x}", "x"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${NONE-x}", "x"),
        ("${USER:+set}${NONE:+set}", "set"),
        ("${NONE:-${USER}-${NONE:-y}}", "ana-y"),
        ("${PORT}:${PORT:?must be set}", "8000:8000"),
        ("${NONE:?must be set}", "${NONE:?must be set}"),
        ("$NONE ${NONE}", "$NONE ${NONE}"),
        ("$$USER $${USER}", "$USER ${USER}"),
        ("100$ ${", "100$ ${"),
    ],
)
def test_variables_are_filled_in(text: str, value: str) -> None:
    assert compose.interpolate(text, WORDS) == value


def test_scalars_are_those_of_yaml_1_2() -> None:
    result = compose.parse("a: 22:22\nb: no\nc: 2024-01-02\nd: 0644\ne: 12\nf: 1.5\ng: true\nh:\ni: 0x10\nj: yes\nk: ~")
    assert result == {
        "a": "22:22", "b": "no", "c": "2024-01-02", "d": "0644", "e": 12, "f": 1.5, "g": True, "h": None, "i": 16, "j": "yes", "k": None,
    }  # fmt: skip


def test_anchors_and_merge_keys_work() -> None:
    result = compose.parse("x-a: &a {restart: always}\nservices: {web: {<<: *a, image: nginx}}")
    assert result["services"] == {"web": {"restart": "always", "image": "nginx"}}


@pytest.mark.parametrize(
    "text", ["- a", "", "a: !reset null", "a: [", "\ta: 1", "a: !!python/object/apply:os.system [ls]"]
)
def test_what_is_no_compose_file_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose.parse(text)


def test_a_later_file_is_laid_over() -> None:
    base: dict[str, JSON] = {
        "services": {"a": {"image": "x:1", "environment": ["A=1", "B=2"], "ports": ["80:80"], "command": ["x"]}}
    }
    over: dict[str, JSON] = {
        "services": {"a": {"image": "x:2", "environment": {"B": "3"}, "ports": ["81:81"], "command": ["y"]}}
    }
    assert compose.merge(base, over)["services"] == {
        "a": {"image": "x:2", "environment": {"A": "1", "B": "3"}, "ports": ["80:80", "81:81"], "command": ["y"]}
    }


def test_the_file_is_filled_in_from_its_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\ufeffPASS='a b#c'\nPORT=8000 # why\nexport WHO=olá\n", encoding="utf-8")
    (tmp_path / "docker-compose.yml").write_text(
        "services: {a: {environment: ['P=${PASS}', 'W=${WHO}'], ports: ['${PORT}:80'], env_file: .env}}"
    )
    result = files.document("p", str(tmp_path), (str(tmp_path / "docker-compose.yml"),))
    assert result == {
        "services": {"a": {"environment": ["P=a b#c", "W=olá"], "ports": ["8000:80"], "env_file": ".env"}}
    }


def test_a_file_that_is_gone_is_none(tmp_path: Path) -> None:
    assert files.document("p", str(tmp_path), (str(tmp_path / "docker-compose.yml"),)) is None
    assert files.document("p", str(tmp_path), ()) is None


def test_compose_is_asked_only_for_what_points_at_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-compose"
    program.write_text("#!/bin/sh\necho 'services: {a: {image: resolved}}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(files, "PROGRAMS", ((str(program),),))
    file = tmp_path / "compose.yml"
    file.write_text("services: {a: {extends: {file: other.yml, service: b}}}")
    assert files.document("p", str(tmp_path), (str(file),)) == {"services": {"a": {"image": "resolved"}}}
    program.write_text("#!/bin/sh\nexit 1\n")
    assert files.document("p", str(tmp_path), (str(file),)) == {
        "services": {"a": {"extends": {"file": "other.yml", "service": "b"}}}
    }
    file.write_text("services: {a: {ports: !reset []}}")
    assert files.document("p", str(tmp_path), (str(file),)) is None
    file.write_text("services: {a: {image: own}}")
    assert files.document("p", str(tmp_path), (str(file),)) == {"services": {"a": {"image": "own"}}}
