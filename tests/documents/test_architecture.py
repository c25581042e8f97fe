"""docs/architecture.md: its picture is the code's, its links lead somewhere, and its recipe for a check leads to one
that is run.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

from omnimind_ops.planning import preflight
from tests.documents.blocks import ROOT
from tests.house.picture import picture

DOCUMENT = ROOT / "docs/architecture.md"
TEXT = DOCUMENT.read_text()


def test_the_picture_is_drawn_from_the_imports() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)```", TEXT, re.DOTALL)
    assert drawn == picture(), "draw it again: python -m tests.house.picture"


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) > 40
    assert [link for link in links if not (DOCUMENT.parent / link).exists()] == []


def test_every_room_is_in_the_table() -> None:
    rooms = {path.parent.name for path in (ROOT / "omnimind_ops").glob("*/__init__.py")} - {"tools"}
    assert rooms - set(re.findall(r"^\| \[(\w+)\]", TEXT, re.MULTILINE)) == set()


def test_the_recipe_for_a_check_holds_for_every_one_there_is() -> None:
    """A pure function that returns a Check, in a check_*.py, called in checks(), its id in NAMES."""
    called = inspect.getsource(preflight.checks)
    results = []
    for path in sorted(Path(inspect.getfile(preflight)).parent.glob("check_*.py")):
        module = importlib.import_module(f"omnimind_ops.planning.{path.stem}")
        own = [
            value
            for value in vars(module).values()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        results += [
            item.__name__
            for item in own
            if not item.__name__.startswith("_")
            and inspect.get_annotations(item).get("return") in ("Check", "tuple[Check, ...]", "list[Check]")
        ]
    assert len(results) == len(preflight.NAMES)
    assert [name for name in results if f"{name}(" not in called] == []
