"""Where this machine gets Python packages from, for a host that is to get them from there too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.tools import index

from .words import Mount

PIP = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
    "UV_INSECURE_HOST": "PIP_TRUSTED_HOST",
}
"""pip's variable for each of uv's."""


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's variables for what this machine sets, in its environment or in pip's configuration; no folder that it lacks."""
    told = {name: environ[name] for name in PIP if environ.get(name)} | index.environment(environ)
    links = [link for link in told.pop("UV_FIND_LINKS", "").split(",") if "://" in link or Path(link).is_dir()]
    more = {"PIP_FIND_LINKS": " ".join(links)} if links else {}
    return {PIP[name]: value for name, value in told.items() if name in PIP} | more


def mounts(settings: Mapping[str, str]) -> list[Mount]:
    """Its folders of wheels, at the same place in the host."""
    return [Mount(Path(link), link) for link in settings.get("PIP_FIND_LINKS", "").split() if Path(link).is_dir()]
