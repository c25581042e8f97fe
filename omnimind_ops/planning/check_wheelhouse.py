"""Check wheelhouse: whether a folder has all wheels of the services' environment. Pure.

They must fit this host's Python and glibc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omnimind_ops.model.wheelhouse import Pin, Target, Wheelhouse
from omnimind_ops.planning.check import Check, State, size
from omnimind_ops.tools.lock_file import applicable
from omnimind_ops.tools.wheel_tags import describe, parse_name, rank


def wheelhouse(contents: Wheelhouse | None, pins: Sequence[Pin], target: Target | None, lock: str) -> Check:
    """Report the first wheel that is missing, damaged or for other hosts. Without a folder an index is used."""
    if contents is None:
        return Check("wheelhouse", State.OK, "not used: packages come from an index")
    if target is None:
        return Check("wheelhouse", State.OK, f"{contents.folder} was not checked: this host has no suitable Python")
    glibc = ".".join(map(str, target.glibc))
    fix = f"make one for this host: omnimind wheelhouse DIR --python {target.minor} --glibc {glibc} --lock {lock}"
    if contents.trouble:
        return Check("wheelhouse", State.FAIL, f"{contents.folder}: {contents.trouble}", fix)
    faults = list(find_faults(contents, applicable(tuple(pins), target.python), target))
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        origin = f"; it was made for {contents.made_for}" if contents.made_for else ""
        return Check(
            "wheelhouse",
            State.FAIL,
            f"{contents.folder} does not fit this host ({target}) and lock {lock}: {faults[0]}{more}{origin}",
            fix,
        )
    total = size(sum(count for _, count in contents.wheels))
    return Check(
        "wheelhouse",
        State.OK,
        f"{contents.folder}: {len(contents.wheels)} wheels, {total}, fit {target} and lock {lock}",
    )


def find_faults(contents: Wheelhouse, pins: Sequence[Pin], target: Target) -> Iterator[str]:
    """Yield the faults in the order of the lock. Names and sizes are checked here, hashes when a wheel is installed."""
    by_project: dict[str, list[tuple[str, str, int]]] = {}
    for file, count in contents.wheels:
        if parsed := parse_name(file):
            name, version = parsed
            by_project.setdefault(name, []).append((version, file, count))
    sizes = dict(contents.sizes)
    for pin in pins:
        candidates = [(file, count) for version, file, count in by_project.get(pin.name, ()) if version == pin.version]
        fitting = [(file, count) for file, count in candidates if rank(file, target) is not None]
        if not candidates:
            available = ", ".join(version for version, _, _ in by_project.get(pin.name, ()))
            yield f"{pin.name} {pin.version} is missing" + (f", the folder has {available}" if available else "")
        elif not fitting:
            yield f"{candidates[0][0]} is for {describe(candidates[0][0])}"
        yield from (
            f"{file} is damaged: {count} bytes instead of {sizes[file]}"
            for file, count in fitting
            if sizes.get(file, count) != count
        )
