"""All campaigns, by name."""

from __future__ import annotations

from tests.campaigns import faults, kills, soak
from tests.campaigns.result import Campaign

EVERY: dict[str, Campaign] = {one.name: one for one in (kills.CAMPAIGN, faults.CAMPAIGN, soak.CAMPAIGN)}
