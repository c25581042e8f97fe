"""Configuration, read in the order of the real binary; later sources override earlier ones:

built-in values, files of the folder config/, `--config-path`, `QDRANT__SECTION__KEY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SettingsError(Exception):
    """The configuration cannot be used; the text names the key."""


@dataclass(frozen=True)
class Settings:
    """Settings of the server. Relative paths are relative to the working directory, as in the real server."""

    storage_path: Path = Path("storage")
    snapshots_path: Path = Path("snapshots")
    host: str = "0.0.0.0"  # noqa: S104 - the real server's default
    http_port: int = 6333
    api_key: str | None = None
    read_only_api_key: str | None = None
    static_content_dir: Path | None = Path("static")  # served if it exists
    max_request_size_mb: int = 32
    flush_interval_sec: float = 5


_KEYS = {
    ("storage", "storage_path"): "storage_path",
    ("storage", "snapshots_path"): "snapshots_path",
    ("storage", "optimizers", "flush_interval_sec"): "flush_interval_sec",
    ("service", "host"): "host",
    ("service", "http_port"): "http_port",
    ("service", "api_key"): "api_key",
    ("service", "read_only_api_key"): "read_only_api_key",
    ("service", "static_content_dir"): "static_content_dir",
    ("service", "max_request_size_mb"): "max_request_size_mb",
}


def load(config: Path | None, env: Mapping[str, str], folder: Path = Path("config")) -> Settings:
    """Return the settings from YAML files and the environment, which overrides the files; unused keys are ignored.

    `folder` may hold config.yaml, the file of the run mode and local.yaml; `config` may be None.
    """
    usual = (folder / f"{name}.yaml" for name in ("config", env.get("RUN_MODE", "development"), "local"))
    tree: Mapping[str, Any] = {}
    for file in (*(file for file in usual if file.is_file()), *((config,) if config else ())):
        tree = _merged(tree, _read(file))
    values: dict[str, Any] = {}
    for path, name in _KEYS.items():
        result = env.get("QDRANT__" + "__".join(path).upper())
        if result is None:
            result = _dig(tree, path)
        if result is not None:
            values[name] = _typed(".".join(path), name, result)
    if str(_dig(tree, ("service", "enable_tls"))).lower() == "true" or env.get("QDRANT__SERVICE__ENABLE_TLS") == "true":
        raise SettingsError("service.enable_tls: this stand-in for Qdrant cannot speak TLS")
    if str(_dig(tree, ("service", "enable_static_content"))).lower() == "false":
        values["static_content_dir"] = None
    return Settings(**values)


def _read(config: Path) -> Mapping[str, Any]:
    import yaml  # imported here, because most starts have no file and each millisecond of a start is downtime

    try:
        tree = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{config}: {error}") from error
    if not isinstance(tree, Mapping | None):
        raise SettingsError(f"{config}: not a mapping")
    return tree or {}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    both = {key: _merged(below[key], above[key]) for key in below if _maps(below[key], above.get(key))}
    return {**below, **above, **both}


def _maps(*values: object) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _dig(tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = tree
    for word in path:
        value = value.get(word) if isinstance(value, Mapping) else None
    return value


def _typed(path: str, name: str, value: object) -> object:
    """Return the value in the field's type; an empty key means no key, as in the real server."""
    text = str(value)
    try:
        if name in ("http_port", "max_request_size_mb"):
            return int(text)
        if name == "flush_interval_sec":
            return float(text)
    except ValueError as error:
        raise SettingsError(f"{path}: {text!r} is not a number") from error
    if name.endswith(("_path", "_dir")):
        return Path(text)
    return text or None if name.endswith("api_key") else text
