"""Check wheelhouse: whether a folder has all wheels of the services' environment. Pure.

They must fit this host's Python and glibc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omnimind_ops.model.wheelhouse import Pin, Target, Wheelhouse
from omnimind_ops.planning.check import Check, State, size
from omnimind_ops.tools.lock_file import wanted
from omnimind_ops.tools.wheel_tags import named, rank, wants


def wheelhouse(found: Wheelhouse | None, pins: Sequence[Pin], target: Target | None, lock: str) -> Check:
    """Report the first wheel that is missing, damaged or for other hosts. Without a folder an index is used."""
    if found is None:
        return Check("wheelhouse", State.OK, "not used: packages come from an index")
    if target is None:
        return Check("wheelhouse", State.OK, f"{found.folder} is not looked at: this host has no Python for it")
    fix = f"make one for this host: omnimind wheelhouse DIR --python {target.minor} --glibc {target.glibc[0]}.{target.glibc[1]} --lock {lock}"
    if found.trouble:
        return Check("wheelhouse", State.FAIL, f"{found.folder}: {found.trouble}", fix)
    wrong = list(faults(found, wanted(tuple(pins), target.python), target))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        made = f"; it was made for {found.made_for}" if found.made_for else ""
        return Check(
            "wheelhouse",
            State.FAIL,
            f"{found.folder} does not fit this host ({target}) and lock {lock}: {wrong[0]}{more}{made}",
            fix,
        )
    total = size(sum(count for _, count in found.wheels))
    return Check(
        "wheelhouse", State.OK, f"{found.folder}: {len(found.wheels)} wheels, {total}, fit {target} and lock {lock}"
    )


def faults(found: Wheelhouse, pins: Sequence[Pin], target: Target) -> Iterator[str]:
    """Yield the faults in the order of the lock. Names and sizes are checked here, hashes when a wheel is installed."""
    by_project: dict[str, list[tuple[str, str, int]]] = {}
    for file, count in found.wheels:
        if whose := named(file):
            by_project.setdefault(whose[0], []).append((whose[1], file, count))
    sizes = dict(found.sizes)
    for pin in pins:
        same = [(file, count) for version, file, count in by_project.get(pin.name, ()) if version == pin.version]
        fitting = [(file, count) for file, count in same if rank(file, target) is not None]
        if not same:
            others = ", ".join(version for version, _, _ in by_project.get(pin.name, ()))
            yield f"{pin.name} {pin.version} is missing" + (f", it has {others}" if others else "")
        elif not fitting:
            yield f"{same[0][0]} is for {wants(same[0][0])}"
        yield from (
            f"{file} is damaged: {count} bytes instead of {sizes[file]}"
            for file, count in fitting
            if sizes.get(file, count) != count
        )
