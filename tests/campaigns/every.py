"""All campaigns, by name."""

from __future__ import annotations

from tests.campaigns import corruption, faults, host_kills, kills, mutations, soak, writers
from tests.campaigns.result import Campaign

EVERY: dict[str, Campaign] = {
    one.name: one
    for one in (
        kills.CAMPAIGN,
        host_kills.CAMPAIGN,
        corruption.CAMPAIGN,
        mutations.CAMPAIGN,
        faults.CAMPAIGN,
        soak.CAMPAIGN,
        writers.CAMPAIGN,
    )
}
