"""The fate of one key of a service: that of the thing it describes, else the rule for keys of its kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from omnimind_ops.model.facts import Container, Mount, Publish
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.model.json import JSON
from omnimind_ops.planning.fates import Stack
from omnimind_ops.planning.fates.data import origin
from omnimind_ops.planning.fates.ports import port_name
from omnimind_ops.planning.fates.settings import STORES
from omnimind_ops.planning.flatten import Entry
from omnimind_ops.planning.key_rules import classify, classify_flag
from omnimind_ops.tools.command_line import started

KeyFate = tuple[Fate, str]
ABSENT = (Fate.UNNEEDED, "this service has no container: nothing changes for it")
STAYS = (Fate.BESIDE, "its container keeps it")
STOPS = (Fate.STOPPED, "its container is stopped and kept until finish")
PROGRAM = (Fate.REPLACED, "the unit's ExecStart")
WORST = (Fate.LOST, Fate.STOPPED, Fate.REPLACED, Fate.MOVED, Fate.BESIDE, Fate.UNNEEDED)


@dataclass(frozen=True)
class Service:
    """A service of the file, with what the engine has of it."""

    stack: Stack
    items: Sequence[Item]
    name: str
    body: Mapping[str, JSON]

    @property
    def containers(self) -> tuple[Container, ...]:
        """Return its containers, without those of `docker compose run`."""
        every = self.stack.project.containers
        return tuple(c for c in every if (c.service or c.name) == self.name and not c.oneoff)

    def of_mount(self, mount: Mount) -> KeyFate:
        """Return the fate of what is mounted."""
        kind, name = origin(self.stack, mount)
        return self.of(kind, (name,), ABSENT)

    def of(self, kind: Kind, names: Sequence[str], otherwise: KeyFate) -> KeyFate:
        """Return the worst fate of the items of a kind with one of these names."""
        own = {container.name for container in self.containers}
        items = [
            i for i in self.items if i.kind is kind and i.name in names and (not i.container or i.container in own)
        ]
        if not items:
            return otherwise
        item = min(items, key=lambda item: WORST.index(item.fate))
        return item.fate, "; ".join(text for text in (item.to, item.why) if text) or str(item.fate)


def key_fate(service: Service, entry: Entry) -> KeyFate:
    """Return the fate of one key of a service."""
    stack, containers = service.stack, service.containers
    if not containers:
        return ABSENT
    if all(stack.stays(container) for container in containers):
        return STAYS
    role = next(filter(None, map(stack.role, containers)), "")
    section = entry.path[0]
    is_page_argument = role == "frontend" and entry.key.startswith("build.args")
    if section in ("image", "build", "platform", "pull_policy") and not is_page_argument:
        return service.of(Kind.CONTAINER, [container.name for container in containers], STOPS)
    match section:
        case "ports":
            return service.of(Kind.PORT, _ports(service, entry), (Fate.UNNEEDED, "no container publishes it now"))
        case "volumes" | "tmpfs":
            return _mount(service, entry)
        case "command" | "entrypoint" if role in STORES:
            return _command(role, service.body.get(section), entry)
        case "environment" if len(entry.path) > 1:
            otherwise = classify(role, entry) if role else STOPS
            return service.of(Kind.VARIABLE, (entry.path[1],), otherwise)
        case _:
            return classify(role, entry) if role else STOPS


def _ports(service: Service, entry: Entry) -> list[str]:
    """Return the names of the published addresses that an entry of `ports` asks for."""
    inside, host = _port_words(_element(service.body.get("ports"), entry))
    found = (publish for container in service.containers for publish in container.ports)
    return [port_name(publish) for publish in found if _asked(publish, inside, host)]


def _asked(publish: Publish, inside: range, host: range) -> bool:
    return publish.container_port in inside and (not host or publish.host_port in host)


def _port_words(element: JSON) -> tuple[range, range]:
    """Return the ports inside and on the host of an element of `ports`; an empty range is any."""
    if isinstance(element, Mapping):
        return _range(str(element.get("target", ""))), _range(str(element.get("published") or ""))
    words = re.sub(r"\[.*?\]", "", str(element)).partition("/")[0].split(":")
    return _range(words[-1]), _range(words[-2] if len(words) > 1 else "")


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1) if first.isdigit() and (last or first).isdigit() else range(0)


def _mount(service: Service, entry: Entry) -> KeyFate:
    """Return the fate of what a service's container has at the target of an entry."""
    target = _target(_element(service.body.get(entry.path[0]), entry)).rstrip("/")
    memory = service.of(Kind.FOLDER, (f"{target} (in memory)",), ABSENT)
    mounts = (m for c in service.containers for m in c.mounts if m.target.rstrip("/") == target)
    return next(map(service.of_mount, mounts), memory)


def _target(element: JSON) -> str:
    if isinstance(element, Mapping):
        return str(element.get("target", ""))
    words = str(element).split(":")
    return words[0] if len(words) == 1 or (words[0].startswith("/") and words[1] in ("ro", "rw")) else words[1]


def _element(section: JSON, entry: Entry) -> JSON:
    """Return the element of a list that an entry is in, the whole section if it is no list."""
    if isinstance(section, list) and len(entry.path) > 1 and entry.path[1].startswith("["):
        element: JSON = section[int(entry.path[1].strip("[]"))]
        return element
    return section


def _command(role: str, section: JSON, entry: Entry) -> KeyFate:
    """Return the fate of a word of a store's command, or of a command that is one text."""
    words = [str(word) for word in section] if isinstance(section, list) else []
    number = int(entry.path[1].strip("[]")) if words and len(entry.path) > 1 else -1
    if number >= 0 and " --" not in words[number]:
        name = next((word for word in reversed(words[: number + 1]) if word.startswith("--")), "")
        return classify_flag(role, name.partition("=")[0]) if name else PROGRAM
    fates = list(_flag_fates(role, str(entry.value)))
    return min(fates, key=lambda fate: WORST.index(fate[0])) if fates else PROGRAM


def _flag_fates(role: str, text: str) -> Iterator[KeyFate]:
    for name, _ in started(("sh", "-c", text), {}).pairs():
        fate, why = classify_flag(role, name)
        yield fate, f"{name}: {why}"
