"""One host, this one: a fresh pyinfra State per job, as a State that has run is spent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pyinfra.api import Config, Inventory, State, connectors, inventory
from pyinfra.api.connect import connect_all
from pyinfra.api.host import Host
from pyinfra.api.state import StateStage

# Each Inventory looks three times through the metadata of every installed package for connectors: a third of the time of a job that changes nothing.
connectors.get_all_connectors = cache(connectors.get_all_connectors)
inventory.get_all_connectors = connectors.get_all_connectors


def connected(target: str = "@local", data: Mapping[str, object] | None = None) -> tuple[State, Host]:
    """Return a State, ready to prepare, and its only host. `target` is another connector in tests (@fake)."""
    state = State(Inventory(([(target, dict(data))] if data else [target], {})), Config())
    state.set_stage(StateStage.Connect)
    connect_all(state)
    state.set_stage(StateStage.Prepare)
    (host,) = tuple(state.inventory)
    return state, host
