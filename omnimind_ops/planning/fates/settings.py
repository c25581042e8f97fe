"""The fate of variables and flags of containers, by the key rules. Pure; secrets are masked."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.facts import Container
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.planning.fates.stack import Stack, service_of
from omnimind_ops.planning.flatten import Entry
from omnimind_ops.planning.key_rules import classify, classify_flag
from omnimind_ops.tools import redact
from omnimind_ops.tools.command_line import started

STORES = ("redis", "qdrant")
STAYS = (Fate.BESIDE, "its container keeps it")
STOPS = (Fate.STOPPED, "its container is stopped and keeps it")


def variable_items(stack: Stack) -> Iterator[Item]:
    """Yield the variables that the project sets; those that the image sets itself are not the person's."""
    for container in stack.project.containers:
        own = stack.image_environments.get(container.image_id, {})
        for name, value in sorted(container.env.items()):
            if own.get(name) == value or container.oneoff:
                continue
            fate, why = variable_fate(stack, container, name, value)
            yield _item(Kind.VARIABLE, container, name, fate, why)


def flag_items(stack: Stack) -> Iterator[Item]:
    """Yield the options on the command lines of the stores; other containers' commands go with their program."""
    for container in stack.project.containers:
        role = stack.roles.get(container.id, "")
        if role not in STORES or container.oneoff:
            continue
        secrets = redact.secrets_in(container.env)
        for name, value in dict.fromkeys(started(container.command, container.env, str).pairs()):
            fate, why = STAYS if stack.stays(container) else classify_flag(role, name)
            text = redact.MASK if value and redact.takes_secret(name) else redact.redact(value, secrets)
            yield _item(Kind.FLAG, container, f"{name} {text}".strip(), fate, why)


def variable_fate(stack: Stack, container: Container, name: str, value: str) -> tuple[Fate, str]:
    """Return the fate of a variable of a container."""
    if stack.stays(container):
        return STAYS
    role = stack.role(container)
    return classify(role, Entry(("environment", name), value)) if role and role != "postgres" else STOPS


def _item(kind: Kind, container: Container, name: str, fate: Fate, why: str) -> Item:
    return Item(kind, service_of(container), name, fate, why=why, container=container.name)
