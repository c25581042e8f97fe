"""What is claimed as supported is what the story runs on, and README says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.planning import supported
from omnimind_ops.planning.supported import SYSTEMS, Support
from tests.e2e.suites import SUITES

README = Path(__file__).parents[2] / "README.md"


def test_every_claim_stands_on_systems_that_the_story_runs_on() -> None:
    assert {system for row in SYSTEMS for system in row.tested_on} == {suite.system for suite in SUITES}


@pytest.mark.parametrize(
    "row", [row for row in SYSTEMS if row.support is not Support.BRACKETED], ids=lambda row: row.title
)
def test_a_tested_system_is_tested_as_itself(row: supported.System) -> None:
    assert row.tested_on == (row.title,)


def test_only_a_forced_system_is_tested_with_force() -> None:
    forced = {row.title for row in SYSTEMS if row.support is Support.FORCED}
    assert forced == {suite.system for suite in SUITES if suite.forced}


def test_readme_claims_exactly_this() -> None:
    assert supported.claim() in " ".join(README.read_text().split())


def test_the_installer_accepts_exactly_the_supported_systems() -> None:
    script = (README.parent / "install.sh").read_text()
    (line,) = [line for line in script.splitlines() if line.startswith("SYSTEMS=")]
    assert set(line.split('"')[1].split()) == {f"{row.id}:{row.version}" for row in supported.supported()}
