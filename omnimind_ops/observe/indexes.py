"""Where packages come from on this host: what pip is told, in uv's own variables. What uv itself is told goes before."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

PUBLIC = "https://pypi.org/simple"
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
OLDER = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
COMMA = ("UV_FIND_LINKS",)
"""Variables whose values uv parts with commas; the others with spaces, as pip does."""


def uv_environment(environment: Mapping[str, str] | None = None, files: Sequence[Path] | None = None) -> dict[str, str]:
    """Return the variables to set for uv, so that it asks whom pip would ask here."""
    given = os.environ if environment is None else environment
    kept = _kept(_files(given) if files is None else files)
    found = {}
    for setting, name in NAMES.items():
        value = given.get(f"PIP_{setting.upper().replace('-', '_')}", kept.get(setting, ""))
        parts = value.split()
        if parts and not given.get(name) and not given.get(OLDER.get(name, "")):
            found[name] = ("," if name in COMMA else " ").join(parts)
    return found


def first(environment: Mapping[str, str], files: Sequence[Path] | None = None) -> str:
    """Return the address of the index that is asked first, without the login in it."""
    told = {**environment, **uv_environment(environment, files)}
    return re.sub(r"://[^/@\s]*@", "://", told.get("UV_DEFAULT_INDEX") or told.get("UV_INDEX_URL") or PUBLIC)


def logins(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and password by host, of the indexes in uv's variables that have them in their addresses."""
    found = {}
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", *OLDER.values()):
        for address in environment.get(name, "").split():
            parts = urlsplit(address.rpartition("=")[2] if "=" in address.partition("://")[0] else address)
            if parts.hostname and parts.username:
                found[parts.hostname] = (unquote(parts.username), unquote(parts.password or ""))
    return found


def _files(environment: Mapping[str, str]) -> list[Path]:
    """Return pip's files, the later ones going before: https://pip.pypa.io/en/stable/topics/configuration/."""
    home = Path(environment.get("HOME", "/root"))
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"]
    return [*files, Path(named)] if named else files


def _kept(files: Sequence[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (OSError, UnicodeDecodeError, configparser.Error):  # pip would say so; nothing of ours depends on it
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    return found
