"""The first screen of a migration: what happens to each service, its data and its addresses, and what is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.render.format import size

STYLES = {
    Fate.MOVED: "green",
    Fate.REPLACED: "yellow",
    Fate.BESIDE: "cyan",
    Fate.STOPPED: "yellow",
    Fate.UNNEEDED: "dim",
    Fate.LOST: "bold red",
}
DATA = (Kind.VOLUME, Kind.FOLDER, Kind.FILE)
SETTINGS = (Kind.VARIABLE, Kind.FLAG)
Line = tuple[str, str, str]
"""Label, text, style of the label."""


KEPT = "Containers that are replaced or stopped are kept, with all their data, until `omnimind finish`."
CLOSED = "Ports are closed to other hosts unless you pass --listen as-before."


def first_screen(items: Sequence[Item]) -> tuple[Text, Table, Text]:
    """Return all that the first screen shows."""
    return headline(items), fates_table(items), footer(items)


def footer(items: Sequence[Item]) -> Text:
    """Return what holds for all services."""
    is_closed = any(item.kind is Kind.PORT and item.why.startswith("closed") for item in items)
    return Text("\n".join((KEPT, *((CLOSED,) if is_closed else ()))))


def headline(items: Sequence[Item]) -> Text:
    """Return what must be known first of all: the user's own backend and page are replaced by OmniMind's."""
    own = [item for item in items if item.kind is Kind.CONTAINER and item.to.startswith("OmniMind's own")]
    texts = (f"{item.service} is replaced by {item.to}: {item.why.partition(';')[0]}" for item in own)
    return Text("\n".join(dict.fromkeys(texts)), "bold yellow")


def fates_table(items: Sequence[Item]) -> Table:
    """Return the services in words, the replaced ones first; at the end, other projects that use them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("service", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what happens", overflow="fold")
    for service in dict.fromkeys(item.service for item in items if item.kind is Kind.CONTAINER):
        name = service
        for label, text, style in _lines([item for item in items if service in item.service.split(", ")]):
            table.add_row(Text(name, "bold"), Text(label, style), Text(text))
            name = ""
    for item in items:
        if item.kind is Kind.CLIENT:
            table.add_row(Text(item.service, "bold"), Text(item.fate, STYLES[item.fate]), Text(item.why))
    return table


def _lines(items: Sequence[Item]) -> Iterator[Line]:
    for fate, texts in _grouped(items, (Kind.CONTAINER,), _container):
        yield str(fate), "; ".join(texts), STYLES[fate]
    yield from (("data", _data(item), STYLES[item.fate]) for item in items if item.kind in DATA and _is_told(item))
    yield from _ports(items)
    lost = [item for item in items if item.fate is Fate.LOST]
    for why in dict.fromkeys(item.why for item in lost if item.kind in SETTINGS):
        settings = (item.name.partition(" ")[0] for item in lost if item.kind in SETTINGS and item.why == why)
        yield "lost", f"{', '.join(settings)}: {why}", STYLES[Fate.LOST]
    names = dict.fromkeys(f"{item.name}: {item.why}" for item in lost if item.kind is Kind.NAME)
    yield from (("lost", f"name {name}", STYLES[Fate.LOST]) for name in names)


def _is_told(item: Item) -> bool:
    return item.fate not in (Fate.UNNEEDED, Fate.BESIDE)


def _container(item: Item) -> str:
    return "; ".join(text for text in (f"by {item.to}" if item.to else "", item.why) if text)


def _data(item: Item) -> str:
    name = f"{item.name[:12]}…" if len(item.name) == 64 else item.name  # an anonymous volume
    what = f"{name} ({size(item.size)})" if item.size else name
    after = {
        Fate.MOVED: f" → {item.to}, compared: {item.compared}",
        Fate.REPLACED: f" → {item.to}",
        Fate.LOST: " is lost",
    }.get(item.fate, " stays where it is")
    return f"{what}{after}" + (f"; {item.why}" if item.why else "")


def _ports(items: Sequence[Item]) -> Iterator[Line]:
    """Yield the addresses before and after; IPv4 and IPv6 of one port are one line."""
    ports = [item for item in items if item.kind is Kind.PORT and item.fate is not Fate.BESIDE]
    twice = {item.name.replace("0.0.0.0:", "[::]:") for item in ports if item.name.startswith("0.0.0.0:")}
    for item in ports:
        if item.name in twice:
            continue
        before = item.name.partition(" → ")[0]
        after = "stays" if item.to == before else f"→ {item.to or 'nothing'}"
        text = f"{before} {after}" + (f": {item.why}" if item.why else "")
        yield (
            ("lost", f"port {text}", STYLES[item.fate]) if item.fate is Fate.LOST else ("port", text, STYLES[item.fate])
        )


def _grouped(
    items: Sequence[Item], kinds: Sequence[Kind], text: Callable[[Item], str]
) -> Iterator[tuple[Fate, list[str]]]:
    mine = [item for item in items if item.kind in kinds]
    for fate in dict.fromkeys(item.fate for item in mine):
        yield fate, list(dict.fromkeys(text(item) for item in mine if item.fate is fate))
