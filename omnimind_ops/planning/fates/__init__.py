"""The fates of everything in and around a Compose project: containers, data, ports, names, settings, clients.

From what the engine says (`docker inspect`) and what is planned, never from the Compose file's section names. Pure.
Start at fates(); one file for each kind of thing.
"""

from __future__ import annotations

from omnimind_ops.model.fate import Item
from omnimind_ops.planning.fates.containers import container_items
from omnimind_ops.planning.fates.data import data_items
from omnimind_ops.planning.fates.names import client_items, name_items
from omnimind_ops.planning.fates.ports import port_items
from omnimind_ops.planning.fates.settings import flag_items, variable_items
from omnimind_ops.planning.fates.stack import Stack

__all__ = ["Stack", "fates"]


def fates(stack: Stack) -> tuple[Item, ...]:
    """Return every thing once, with its fate."""
    return (
        *container_items(stack),
        *data_items(stack),
        *port_items(stack),
        *name_items(stack),
        *variable_items(stack),
        *flag_items(stack),
        *client_items(stack),
    )
