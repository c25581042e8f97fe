"""The state of the code in numbers: `python -m tests.house.measure [ROOT ...]`.

Prints a column for each checkout; without an argument for this one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2]
PACKAGES = ("omnimind_ops", "backend", "deploy", "tests")
LONG_FUNCTION, LONG_LINE = 40, 120
SHARED = {
    *("backends", "frontend", "backend_ports", "frontend_port", "redis_port", "postgres_port", "qdrant_port"),
    *("workers", "collection", "open_reads", "uploads", "qdrant_home", "redis_dir"),
}
"""Fields that only a description of the system has, under every name they ever had."""


@dataclass(frozen=True)
class Module:
    """One file of Python: its dotted name, its lines, its syntax tree."""

    name: str
    lines: list[str]
    tree: ast.Module


def modules(root: Path, package: str) -> list[Module]:
    """Read a package of the checkout at `root`."""
    results = []
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        results.append(
            Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), text.splitlines(), ast.parse(text))
        )
    return results


def imports(found: list[Module]) -> tuple[int, int]:
    """Return how many names the modules import from their own package, and how many of these from another folder.

    A module that lies loose at the top is a folder of its own. `from a import b, c` are two; `import a.b` is one.
    """
    names = {module.name for module in found}
    total = crossing = 0
    for module in found:
        for target in _imported(module, names):
            total += 1
            crossing += _folder(module.name) != _folder(target)
    return total, crossing


def _imported(module: Module, names: set[str]) -> Iterator[str]:
    package = module.name.partition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            for name in node.names:
                submodule = f"{node.module}.{name.name}"
                yield submodule if submodule in names else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in names)


def _folder(name: str) -> list[str]:
    return name.split(".")[1:2]


def loose(root: Path) -> int:
    """Return how many modules lie loose at the top of backend, __init__ included."""
    return len(list((root / "backend").glob("*.py")))


def long_functions(found: list[Module]) -> int:
    """Return how many functions have more than LONG_FUNCTION lines, from `def` to the last."""
    nodes = (node for module in found for node in ast.walk(module.tree))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return sum((node.end_lineno or 0) - node.lineno + 1 > LONG_FUNCTION for node in functions)


def long_lines(found: list[Module]) -> int:
    """Return how many lines are longer than LONG_LINE columns."""
    return sum(len(line) > LONG_LINE for module in found for line in module.lines)


def _calls(found: list[Module]) -> Iterator[ast.Call]:
    return (node for module in found for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def guards(found: list[Module]) -> int:
    """Return how many isinstance() ask for a Mapping or a Sequence: a value whose type was lost on its way."""
    requests = (
        call.args[1] for call in _calls(found) if ast.unparse(call.func) == "isinstance" and len(call.args) == 2
    )
    return sum(
        any(ast.unparse(part).rpartition(".")[2] in ("Mapping", "Sequence") for part in ast.walk(kind))
        for kind in requests
    )


def untyped_arguments(found: list[Module]) -> int:
    """Return how often a step's argument is read by its name: text(step.args, …)."""
    return sum(
        ast.unparse(call.func) == "text" and bool(call.args) and ast.unparse(call.args[0]) == "step.args"
        for call in _calls(found)
    )


def untyped_notes(found: list[Module]) -> int:
    """Return how often a step's memo is read or written by a key: memo.get(…), memo.put(…)."""
    parts = (ast.unparse(call.func).rpartition(".") for call in _calls(found))
    return sum(holder.endswith("memo") and method in ("get", "put") for holder, _, method in parts)


def carriers(found: list[Module]) -> list[str]:
    """Return the classes that declare at least two of SHARED: each carries the configuration."""
    classes = (node for module in found for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))
    return [node.name for node in classes if len(_declared(node) & SHARED) > 1]


def _declared(node: ast.ClassDef) -> set[str]:
    return {
        part.target.id for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }


def table(root: Path) -> dict[str, str]:
    """Measure one checkout."""
    by = {package: modules(root, package) for package in PACKAGES}
    product = [module for package in PACKAGES[:3] for module in by[package]]
    total, crossing = imports(by["backend"])
    rows = {f"files of {package}": str(len(by[package])) for package in PACKAGES}
    rows |= {f"lines of {package}": str(_lines(by[package])) for package in PACKAGES}
    rows["modules at the top of backend"] = str(loose(root))
    rows["imports within backend"] = str(total)
    rows["of these from another folder"] = f"{crossing} ({crossing / total:.1%})"
    rows[f"functions over {LONG_FUNCTION} lines, without tests"] = str(long_functions(product))
    for label, part in (("without tests", product), ("tests", by["tests"])):
        rows[f"lines over {LONG_LINE} columns, {label}"] = f"{long_lines(part)} ({long_lines(part) / _lines(part):.1%})"
    rows["isinstance guards of omnimind_ops"] = str(guards(by["omnimind_ops"]))
    rows["text(step.args, …)"] = str(untyped_arguments(by["omnimind_ops"]))
    rows["carriers of one configuration"] = str(len(carriers(product)))
    rows["memo.get, memo.put"] = str(untyped_notes(by["omnimind_ops"]))
    return rows


def _lines(found: list[Module]) -> int:
    return sum(len(module.lines) for module in found)


def main() -> None:
    """Print the table."""
    columns = [table(Path(root)) for root in sys.argv[1:] or (HERE,)]
    for row in columns[0]:
        print(f"{row:<45}" + "".join(f"{column[row]:>16}" for column in columns))


if __name__ == "__main__":
    main()
