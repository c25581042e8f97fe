"""Check index: whether packages are available, if the services' environment is installed from an index. Pure."""

from __future__ import annotations

from omnimind_ops.model.facts import Index
from omnimind_ops.planning.check import Check, State

FIX = "mend the network, proxy or certificate, or name another index (PIP_INDEX_URL, UV_DEFAULT_INDEX); or bring a folder of wheels: --wheelhouse DIR (docs/wheelhouse.md)"


def index(found: Index | None, made: bool) -> Check:
    """Fail if the index is unreachable; only warn if an environment exists (`made`), which may be the right one."""
    if found is None:
        return Check("index", State.OK, "not asked: packages come from a folder")
    if not found.trouble:
        return Check("index", State.OK, f"{found.url} answers")
    if made:
        return Check(
            "index",
            State.WARN,
            f"{found.url} cannot be used: {found.trouble}; the environment that is there will do if nothing changed",
            FIX,
        )
    return Check("index", State.FAIL, f"{found.url} cannot be used: {found.trouble}", FIX)
