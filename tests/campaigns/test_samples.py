"""A fixed small sample of each campaign: trials that held when they were chosen.

In a process of its own, as a campaign leaves its mark on the environment.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.campaigns.every import EVERY
from tests.campaigns.record import ROOT

SAMPLED = sorted(name for name, campaign in EVERY.items() if campaign.sample)
"""Not host-kills: tests/e2e/test_killed.py is its fixed sample."""


@pytest.mark.parametrize("name", SAMPLED)
def test_sample_holds(name: str) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "tests.campaigns", name, "--sample"),
        capture_output=True,
        text=True,
        timeout=550,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert len(done.stdout.splitlines()) == len(EVERY[name].sample) > 0
