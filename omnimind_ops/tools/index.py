"""The package index to use, as pip would: uv's own variables win, then pip's, then pip's configuration files.

Pure except for reading those files.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

DEFAULT = ""
"""uv's default index."""
OWN = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
OWN_EXTRA = ("UV_INDEX", "UV_EXTRA_INDEX_URL")
OTHERS = (
    ("UV_FIND_LINKS", "find-links", ","),
    ("UV_INSECURE_HOST", "trusted-host", " "),
    ("SSL_CERT_FILE", "cert", " "),
)
"""uv's variable, pip's option, and uv's separator for several values."""


def url(words: Mapping[str, str], files: Iterable[Path] | None = None) -> str:
    """Return the URL of the index that is queried first."""
    own = next((words[name] for name in OWN if words.get(name)), "")
    return own or words.get("PIP_INDEX_URL", "") or _configured("index-url", words, files) or DEFAULT


def shown(address: str) -> str:
    """Return an address without its login, for people."""
    return re.sub(r"://[^/@\s]*@", "://", address) or "Python's public package index"


def environment(words: Mapping[str, str], files: Iterable[Path] | None = None) -> dict[str, str]:
    """Return the variables that uv needs, besides those it reads by itself, to use the same index as pip."""
    told: dict[str, str] = {}
    if not any(words.get(name) for name in OWN) and (found := url(words, files)) != DEFAULT:
        told["UV_DEFAULT_INDEX"] = found
    extra = words.get("PIP_EXTRA_INDEX_URL", "") or _configured("extra-index-url", words, files)
    if extra and not any(words.get(name) for name in OWN_EXTRA):
        told["UV_INDEX"] = " ".join(extra.split())
    for name, key, parted in OTHERS:
        value = words.get(f"PIP_{key.upper().replace('-', '_')}", "") or _configured(key, words, files)
        if value and not words.get(name):
            told[name] = parted.join(value.split())
    return told


def logins(words: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and password by host, of the indexes in uv's variables that have them in their URLs."""
    found = {}
    for address in (address for name in (*OWN, *OWN_EXTRA) for address in words.get(name, "").split()):
        parts = urlsplit(address.partition("=")[2] if "=" in address.partition("://")[0] else address)
        if parts.hostname and parts.username:
            found[parts.hostname] = (unquote(parts.username), unquote(parts.password or ""))
    return found


def _configured(key: str, words: Mapping[str, str], files: Iterable[Path] | None) -> str:
    """Return pip's option from its files, the user's before the machine's; unreadable files are skipped."""
    for file in _files(words) if files is None else files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file)
        except (OSError, ValueError, configparser.Error):
            continue
        for section in ("install", "global"):
            if found := parser.get(section, key, fallback="").strip():
                return found
    return ""


def _files(words: Mapping[str, str]) -> tuple[Path, ...]:
    """Return pip's configuration files, strongest first (https://pip.pypa.io/en/stable/topics/configuration/)."""
    home = words.get("HOME", "")
    config = words.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    own = [f"{config}/pip/pip.conf"] * bool(config) + [f"{home}/.pip/pip.conf"] * bool(home)
    return tuple(map(Path, (*filter(None, [words.get("PIP_CONFIG_FILE", "")]), *own, "/etc/pip.conf")))
