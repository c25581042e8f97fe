"""The old backend's own variables: a file for root, as comments, written once and never shown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from omnimind_ops.model.backend_env import BackendEnvNotes, BackendEnvPayload
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.planning import migration
from omnimind_ops.planning.source import Source
from omnimind_ops.steps import backend_env
from omnimind_ops.steps.backend_env import BackendEnvStep, lines_of, own_variables, with_addresses

ADDRESSES = {"qdrant": "127.0.0.1:6333", "cache": "127.0.0.1:6379"}


@pytest.mark.parametrize(
    ("value", "native"),
    [
        ("http://qdrant:6333", "http://127.0.0.1:6333"),
        ("redis://:p@cache/0", "redis://:p@127.0.0.1:6379/0"),
        ("http://host.docker.internal:11434", "http://127.0.0.1:11434"),
        ("qdrant is a word here", "qdrant is a word here"),
        ("http://qdrant.example.com", "http://qdrant.example.com"),
    ],
)
def test_addresses_are_those_of_this_host(value: str, native: str) -> None:
    assert with_addresses(value, ADDRESSES) == native


def test_variables_of_the_image_are_left_out() -> None:
    assert own_variables({"PATH": "/bin", "LANG": "de", "TOKEN": "t"}, {"PATH": "/bin", "LANG": "C"}) == {
        "LANG": "de",
        "TOKEN": "t",
    }


def test_the_lines_are_comments_that_systemd_reads_when_they_are_none() -> None:
    (text,) = lines_of({"ODD": 'a "quoted" \\ #1\nend'}, {})
    assert text == '# ODD="a \\"quoted\\" \\\\ #1\\nend"\n'


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine with one container."""
    env = {"TOKEN": "hush-hush", "OLLAMA_BASE_URL": "http://host.docker.internal:11434", "PATH": "/bin"}
    monkeypatch.setattr(backend_env, "container_now", lambda _: SimpleNamespace(env=env, image_id="i"))
    monkeypatch.setattr(backend_env, "image_environments", lambda _: {"i": {"PATH": "/bin"}})


def test_the_file_is_root_s_written_once_and_set_aside_by_an_undo(tmp_path: Path, engine: None) -> None:
    file = tmp_path / "backend.env"
    task, memo, told = Task("s", BackendEnvPayload("c", str(file), ADDRESSES)), memory(), []
    assert BackendEnvStep().do(task, memo, told.append)
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert '\n# OLLAMA_BASE_URL="http://127.0.0.1:11434"\n# TOKEN="hush-hush"\n' in text
    assert "PATH" not in text and "hush-hush" not in str(told)
    assert not [row for row in text.splitlines() if not row.startswith("#")]
    BackendEnvStep().undo(task, memo, told.append)
    assert [path.name for path in tmp_path.iterdir()] == ["backend.env.rolled-back"]


def test_a_file_of_the_user_s_own_stays(tmp_path: Path, engine: None) -> None:
    file = tmp_path / "backend.env"
    file.write_text("MINE=1\n")
    task, memo = Task("s", BackendEnvPayload("c", str(file), {})), memory()
    assert not BackendEnvStep().do(task, memo, lambda event: None)
    BackendEnvStep().undo(task, memo, lambda event: None)
    assert file.read_text() == "MINE=1\n"


def test_the_plan_names_the_container_and_no_value() -> None:
    source = Source("shop", (), (), (), (), (), None, None, backend="c", services={"vectors": "qdrant"})
    step = next(step for step in migration.migrate(source, Goal(), 10).steps if step.kind == "backend-env")
    assert step.args == {
        "container": "c",
        "file": "/etc/omnimind/backend.env",
        "addresses": {"vectors": "127.0.0.1:6333"},
    }


def memory() -> Memo[BackendEnvNotes]:
    return Memo(MemoryNotes(), "s", BackendEnvNotes)
