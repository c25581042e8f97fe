"""The questions that a real Qdrant 1.18.3 was asked, asked again: another answer is listed with a reason, or is a bug."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests import qdrant
from tests.qdrant_standin.conftest import StartServer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "qdrant-real"
DIFFERENCES = Path(__file__).with_name("differences.toml")
MOST = 10


def replay() -> ModuleType:
    """The program that asks the questions."""
    spec = importlib.util.spec_from_file_location("replay", FIXTURES / "replay.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(name: str) -> list[dict[str, Any]]:
    """One object a line."""
    return [json.loads(line) for line in (FIXTURES / name).read_text().splitlines() if line.strip()]


def differences(url: str) -> dict[str, str]:
    """How a server's answers differ from the recorded ones: by the name of the question, "answer" or only "text"."""
    program, kept = replay(), dict[str, str]()
    real, result = {answer["name"]: answer for answer in lines("answers.jsonl")}, dict[str, str]()
    for question in lines("questions.jsonl"):
        answer, want = program.ask(url, "", question, kept), real[question["name"]]
        if answer != want:
            same = (answer["status"], answer["type"]) == (want["status"], want["type"])
            result[answer["name"]] = (
                "text" if same and program.shape(answer["body"]) == program.shape(want["body"]) else "answer"
            )
    return result


def test_the_stand_in_answers_as_the_real_server_did_but_for_what_is_listed(start_server: StartServer) -> None:
    listed = tomllib.loads(DIFFERENCES.read_text())["difference"]
    assert all(len(entry["reason"]) > 20 for entry in listed)
    assert differences(start_server().url) == {entry["name"]: entry["kind"] for entry in listed}
    assert len(listed) <= MOST


@pytest.mark.skipif(qdrant.real() is None, reason=f"no real program is named by ${qdrant.NAMED}")
def test_the_recorded_server_answers_as_it_did(tmp_path: Path) -> None:
    with qdrant.running(tmp_path / "real") as server:
        if server.version() != "1.18.3":
            pytest.skip("another version than the recorded one")
        assert differences(server.url) == {}
