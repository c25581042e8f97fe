"""The inventory of one host, this one. Each job has a new pyinfra State, because a State can run only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyinfra.api import Config, Host, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.state import StateStage
from pyinfra.connectors.base import BaseConnector

NAME = "@local"
Connector = Callable[[State, Host], BaseConnector]


class ThisHost(Inventory):
    """An inventory of one host with a given connector.

    pyinfra's own reads the metadata of every installed package three times to find a connector.
    """

    def __init__(self, connector: Connector, data: Mapping[str, object]) -> None:
        self.connector = connector
        super().__init__(([(NAME, dict(data))], {}))  # type: ignore[no-untyped-call]

    def make_hosts_and_groups(self, names: Any, groups: Any) -> None:
        """Create the host."""
        del groups
        self.host_data.update({name: dict(data) for name, data in names})
        self.hosts = {NAME: Host(NAME, inventory=self, groups=[], connector_cls=self.connector)}


def connect(connector: Connector, data: Mapping[str, object] | None = None) -> tuple[State, Host]:
    """Return a State that is ready to prepare, and its only host. Tests pass another connector."""
    state = State(ThisHost(connector, data or {}), Config(TEMP_DIR="/run"))
    state.set_stage(StateStage.Connect)
    connect_all(state)
    state.set_stage(StateStage.Prepare)
    (host,) = tuple(state.inventory)
    return state, host
