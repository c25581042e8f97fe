"""Check index: whether packages are available, if the services' environment is installed from an index. Pure."""

from __future__ import annotations

from omnimind_ops.model.facts import Index
from omnimind_ops.planning.check import Check, State

FIX = (
    "fix the network, proxy or certificate, or set another index (PIP_INDEX_URL, UV_DEFAULT_INDEX); "
    "or use a folder of wheels: --wheelhouse DIR (docs/wheelhouse.md)"
)


def index(source: Index | None, venv_exists: bool) -> Check:
    """Fail if the index is unreachable; only warn if an environment exists (`made`), which may be the right one."""
    if source is None:
        return Check("index", State.OK, "not used: packages come from a folder")
    if not source.trouble:
        return Check("index", State.OK, f"{source.url} answers")
    if venv_exists:
        return Check(
            "index",
            State.WARN,
            f"{source.url} cannot be used: {source.trouble}; the installed environment is enough if nothing changed",
            FIX,
        )
    return Check("index", State.FAIL, f"{source.url} cannot be used: {source.trouble}", FIX)
