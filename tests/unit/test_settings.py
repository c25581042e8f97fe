"""Settings: every fault at once, and an example file that cannot go stale."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.settings import RULES, Settings, load, settings

EXAMPLE = Path(__file__).parents[2] / "omnimind.example.toml"


def test_defaults_without_file_and_variables() -> None:
    assert load(environment={}) == Settings()


def commented() -> dict[str, object]:
    """What the example would set if every setting in it were uncommented."""
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines()]
    return tomllib.loads("\n".join(line for line in lines if line.partition(" = ")[0] in RULES))


def test_the_example_has_every_key_with_its_default_and_its_words() -> None:
    assert list(commented()) and set(commented()) == set(RULES)
    assert settings(**{k: tuple(v) if isinstance(v, list) else v for k, v in commented().items()}) == Settings()
    text = EXAMPLE.read_text()
    for name, rule in RULES.items():
        assert rule.description, name
        arguments = rule.description[0].upper() + rule.description[1:]
        assert f"# {arguments}.\n" in text, name


def test_the_example_as_it_is_changes_nothing() -> None:
    assert load(EXAMPLE, {}) == Settings()


def test_a_file_and_variables_together_the_variable_wins(tmp_path: Path) -> None:
    file = tmp_path / "omnimind.toml"
    file.write_text('backend_ports = [8001]\nworkers = 3\nproject = "007"\n')
    arguments = {
        "OMNIMIND_CONFIG": str(file),
        "OMNIMIND_WORKERS": "4",
        "OMNIMIND_AUTO_RECOVERY": "no",
        "OMNIMIND_GREETING": "olá",
    }
    result = load(environment=arguments)
    assert (result.backend_ports, result.workers, result.auto_recovery, result.project) == ((8001,), 4, False, "007")
    assert load(
        environment={**arguments, "OMNIMIND_BACKEND_PORTS": "8000, 8080", "OMNIMIND_PROJECT": "12"}
    ).backend_ports == (8000, 8080)
    assert load(environment={"OMNIMIND_PROJECT": "12"}).project == "12"


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(Settings(), "workers", 3)


def test_all_faults_are_shown_at_once_with_lines_and_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "omnimind.toml"
    file.write_text(
        'worker = 3\nbackend_ports = [8000, 70000]\n# redis\nredis_port = "6379"\nuploads = "data"\napi_token = "hunter2"\n[qdrant]\nport = 1\n'
    )
    with pytest.raises(Problem) as caught:
        load(file, {"OMNIMIND_LOCK": "cu11"})
    assert "7 faults" in caught.value.why
    assert caught.value.log == (
        "variable OMNIMIND_LOCK: lock: must be one of '', 'cpu', 'cu12', 'cu13', not 'cu11'",
        "line 1: there is no setting worker; did you mean workers?: worker = 3",
        "line 2: backend_ports: must be at most 65535, not 70000: backend_ports = [8000, 70000]",
        "line 4: redis_port: must be an integer, not '6379': redis_port = \"6379\"",
        "line 5: uploads: must be an absolute path, beginning with /, not 'data': uploads = \"data\"",
        "line 6: there is no setting api_token: api_token = ***",
        "line 7: there is no setting qdrant; did you mean qdrant_port?: [qdrant]",
    )


@pytest.mark.parametrize(
    "text",
    [
        "workers = true",
        "workers = 0",
        "confirm_minutes = 0",
        'user = "Bad User"',
        "backend_ports = []",
        'uploads = ""',
        "auto_recovery = 1",
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(Problem, match="line 1"):
        load(tmp_path / "a.toml", {})


def test_ports_must_differ(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="the environment: two services cannot share a port: 6379"):
        load(environment={"OMNIMIND_BACKEND_PORTS": "8000,6379"})


def test_broken_toml_and_a_missing_file_are_problems(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("workers = \n")
    with pytest.raises(Problem, match="at line 1"):
        load(tmp_path / "a.toml", {})
    with pytest.raises(Problem, match="there is no file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(Problem, match="there is no file"):
        load(environment={"OMNIMIND_CONFIG": str(tmp_path / "none.toml")})


def test_commands_start_without_pydantic_and_qdrant_client() -> None:
    """They take 0.1 and 0.6 s to import."""
    modules = (
        "settings",
        "flows.health",
        "flows.status",
        "flows.migrate",
        "flows.up",
        "flows.guard",
        "planning.report",
    )
    names = ", ".join(f"omnimind_ops.{name}" for name in modules)
    code = f"import sys, {names}; sys.exit(bool({{'pydantic', 'qdrant_client', 'httpx'}} & set(sys.modules)))"
    assert subprocess.run((sys.executable, "-c", code), check=False).returncode == 0
