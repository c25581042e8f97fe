"""The picture in docs/architecture.md, drawn from what the code imports: `python -m tests.house.picture` prints it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import grimp

LOOSE = "omnimind_ops (single files)"
EVERYBODYS = ("omnimind_ops.model", "omnimind_ops.tools", LOOSE)
"""Nearly every room imports these; an arrow from each would hide the others."""


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports, without those that are everybody's."""
    graph = grimp.build_graph("omnimind_ops", "deploy", "backend")

    def room(module: str) -> str:
        package, *inside = module.split(".")[:2]
        if package != "omnimind_ops":
            return package
        name = ".".join([package, *inside])
        return name if inside and graph.find_children(name) else LOOSE

    results: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            here, there = room(module), room(other)
            if here != there and not {here, there} & set(EVERYBODYS):
                results[here].add(there)
    return results


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same without each arrow that a longer way tells already."""

    def reach(start: str, avoid: tuple[str, str]) -> set[str]:
        observed: set[str] = set()
        todo = [start]
        while todo:
            at = todo.pop()
            new = {to for to in edges.get(at, ()) if (at, to) != avoid} - observed
            observed |= new
            todo += new
        return observed

    return {at: {to for to in there if to not in reach(at, (at, to))} for at, there in edges.items()}


def picture() -> str:
    """Mermaid: an arrow goes from a room to one that it imports."""
    arrows = sorted((at, to) for at, there in reduced(imports()).items() for to in there)
    short = {name: name.removeprefix("omnimind_ops.") for pair in arrows for name in pair}
    return "\n".join(["flowchart TD", *(f"    {short[at]} --> {short[to]}" for at, to in arrows)]) + "\n"


if __name__ == "__main__":
    print(picture(), end="")
