"""The playbook that `bench -- peers` compares with knows every name that omnimind's templates use."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from deploy.limits import limits
from omnimind_ops.model import environment, listen, native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths, data
from omnimind_ops.tools import template

PLAYBOOK = data("templates").parent / "benchmarks/peers/ansible"
FILES: list[dict[str, Any]] = yaml.safe_load((PLAYBOOK / "vars.yml").read_text())["files"]
OURS = [file for file in FILES if not (PLAYBOOK / "templates" / file["src"]).exists()]
GOAL = Goal()
COMMON = {
    "goal": GOAL,
    "paths": Paths(),
    "limits": limits(GOAL.redis.memory),
    "native": native,
    "listen": listen.for_templates(GOAL),
    "variables": environment.services(GOAL, native.ENGINE_SOCKET, Paths().state),
}


def names_given() -> dict[str, object]:
    """Return the variables that the playbook gives to every template; each with some value."""
    tasks = yaml.safe_load((PLAYBOOK / "site.yml").read_text())[0]["tasks"]
    variables = next(task["vars"] for task in tasks if task["name"] == "Configuration and units")
    return {name: 8000 if name == "port" else value for name, value in variables.items()}


def test_most_templates_are_omnimind_s_own() -> None:
    """The playbook has one template of its own."""
    assert len(FILES) - len(OURS) == 1


@pytest.mark.parametrize("file", OURS, ids=lambda file: str(file["dest"]).rsplit("/", 1)[-1])
def test_a_template_has_all_its_names(file: dict[str, Any]) -> None:
    """A name that is missing is an error of Jinja's."""
    assert template.render(file["src"], {**COMMON, **names_given()})
