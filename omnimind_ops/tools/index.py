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
UV_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
UV_EXTRA_INDEX = ("UV_INDEX", "UV_EXTRA_INDEX_URL")
OPTIONS = (
    ("UV_FIND_LINKS", "find-links", ","),
    ("UV_INSECURE_HOST", "trusted-host", " "),
    ("SSL_CERT_FILE", "cert", " "),
)
"""uv's variable, pip's option, and uv's separator for several values."""


def url(env: Mapping[str, str], files: Iterable[Path] | None = None) -> str:
    """Return the URL of the index that is queried first."""
    configured = next((env[name] for name in UV_INDEX if env.get(name)), "")
    return configured or env.get("PIP_INDEX_URL", "") or _configured("index-url", env, files) or DEFAULT


def without_login(address: str) -> str:
    """Return an address without its login, for people."""
    return re.sub(r"://[^/@\s]*@", "://", address) or "Python's public package index"


def environment(env: Mapping[str, str], files: Iterable[Path] | None = None) -> dict[str, str]:
    """Return the variables that uv needs, besides those it reads by itself, to use the same index as pip."""
    variables: dict[str, str] = {}
    if not any(env.get(name) for name in UV_INDEX) and (address := url(env, files)) != DEFAULT:
        variables["UV_DEFAULT_INDEX"] = address
    extra = env.get("PIP_EXTRA_INDEX_URL", "") or _configured("extra-index-url", env, files)
    if extra and not any(env.get(name) for name in UV_EXTRA_INDEX):
        variables["UV_INDEX"] = " ".join(extra.split())
    for name, key, separator in OPTIONS:
        value = env.get(f"PIP_{key.upper().replace('-', '_')}", "") or _configured(key, env, files)
        if value and not env.get(name):
            variables[name] = separator.join(value.split())
    return variables


def logins(env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return name and password by host, of the indexes in uv's variables that have them in their URLs."""
    accounts = {}
    for address in (address for name in (*UV_INDEX, *UV_EXTRA_INDEX) for address in env.get(name, "").split()):
        parts = urlsplit(address.partition("=")[2] if "=" in address.partition("://")[0] else address)
        if parts.hostname and parts.username:
            accounts[parts.hostname] = (unquote(parts.username), unquote(parts.password or ""))
    return accounts


def _configured(key: str, env: Mapping[str, str], files: Iterable[Path] | None) -> str:
    """Return pip's option from its files, the user's before the machine's; unreadable files are skipped."""
    for file in _files(env) if files is None else files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file)
        except (OSError, ValueError, configparser.Error):
            continue
        for section in ("install", "global"):
            if value := parser.get(section, key, fallback="").strip():
                return value
    return ""


def _files(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return pip's configuration files, strongest first (https://pip.pypa.io/en/stable/topics/configuration/)."""
    home = env.get("HOME", "")
    config = env.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    user_files = [f"{config}/pip/pip.conf"] * bool(config) + [f"{home}/.pip/pip.conf"] * bool(home)
    return tuple(map(Path, (*filter(None, [env.get("PIP_CONFIG_FILE", "")]), *user_files, "/etc/pip.conf")))
