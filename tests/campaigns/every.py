"""All campaigns, by name."""

from __future__ import annotations

from tests.campaigns import corruption, faults, kills, soak
from tests.campaigns.result import Campaign

EVERY: dict[str, Campaign] = {
    one.name: one for one in (kills.CAMPAIGN, corruption.CAMPAIGN, faults.CAMPAIGN, soak.CAMPAIGN)
}
