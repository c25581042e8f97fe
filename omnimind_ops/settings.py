"""Settings: what a person may choose, loaded once and passed down; manual and example are omnimind.example.toml.

Importing this costs as much as pydantic does: commands import it when they run, not when they show their help.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import toml

PREFIX = "OMNIMIND_"
PLACE = Path("/etc/omnimind/omnimind.toml")
Port = Annotated[int, Field(ge=1, le=65535)]
PORTS = ("frontend_port", "redis_port", "postgres_port", "qdrant_port")
FOLDERS = ("uploads", "qdrant_home", "redis_dir")
MODEL = r"^(/.+|[A-Za-z0-9][\w.-]*/[\w.-]+)?$"


class Settings(BaseModel):
    """Everything configurable. "" means: found out, or none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    project: str = Field(
        default="", description="Compose project to migrate; found when there is only one that it can be"
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="preflight checks whose failure is only a warning, as --ignore"
    )
    confirm_minutes: int = Field(
        default=10,
        ge=1,
        le=1440,
        description="after a cutover: minutes until the containers come back unless confirmed",
    )
    backend_ports: tuple[Port, ...] = Field(
        default=(8000, 8080, 3001), min_length=1, description="one backend for each port, first choice first"
    )
    workers: int = Field(default=2, ge=1, le=64, description="processes for each backend")
    frontend_port: Port = Field(default=3000, description="port of the page")
    redis_port: Port = Field(default=6379, description="port of Redis, on 127.0.0.1")
    postgres_port: Port = Field(default=5432, description="port of PostgreSQL, on 127.0.0.1")
    qdrant_port: Port = Field(default=6333, description="port of Qdrant's REST API, on 127.0.0.1")
    user: str = Field(
        default="omnimind",
        pattern=r"^[a-z_][a-z0-9_-]{0,31}$",
        description="system user of the services; made when missing",
    )
    database: str = Field(
        default="omnimind",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="PostgreSQL database and role; made when missing",
    )
    collection: str = Field(
        default="universal_machine_embeddings", min_length=1, description="Qdrant collection that the backend searches"
    )
    model: str = Field(
        default="",
        pattern=MODEL,
        description="folder of a sentence-transformers model, or its name on a hub; all-MiniLM-L6-v2 when empty",
    )
    mode: Literal["auto", "exact", "fast"] = Field(
        default="auto", description="how the engine computes on a CPU: auto, exact or fast"
    )
    open_reads: bool = Field(
        default=False, description="whoever is on this host may search and read without logging in"
    )
    uploads: str = Field(default="/var/lib/omnimind/uploads", description="folder of uploaded files")
    qdrant_home: str = Field(default="/var/lib/qdrant", description="folder that holds Qdrant's storage and snapshots")
    redis_dir: str = Field(
        default="/var/lib/redis",
        description="folder of Redis' data; the packaged unit can write to no other without a drop-in",
    )
    python: str = Field(
        default="", description="interpreter for the venv, 3.11 to 3.13, outside of every home; found when empty"
    )
    wheelhouse: str = Field(
        default="", description="folder of wheels for a host without a network; the package index when empty"
    )
    lock: Literal["", "cpu", "cu12", "cu13"] = Field(
        default="", description="set of GPU packages; chosen by the driver when empty"
    )
    qdrant_binary: str = Field(
        default="", description="Qdrant executable to install instead of the one in the container"
    )
    critical_timeout: int = Field(
        default=300, ge=1, description="seconds that a service without which nothing works may take to start"
    )
    secondary_timeout: int = Field(default=180, ge=1, description="seconds that any other service may take to start")
    auto_recovery: bool = Field(
        default=True, description="the guard restarts what fails its deep health check again and again"
    )

    @field_validator(*FOLDERS, "python", "wheelhouse", "qdrant_binary")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if value and not value.startswith("/"):
            raise ValueError("must be an absolute path, beginning with /")
        return value

    @field_validator(*FOLDERS)
    @classmethod
    def _present(cls, value: str) -> str:
        if not value:
            raise ValueError("must not be empty")
        return value

    @model_validator(mode="after")
    def _apart(self) -> Settings:
        every = [*self.backend_ports, *(getattr(self, name) for name in PORTS)]
        double = sorted({port for port in every if every.count(port) > 1})
        if double:
            raise ValueError(f"two services cannot share a port: {', '.join(map(str, double))}")
        return self


def load(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings: `config`, else $OMNIMIND_CONFIG, else /etc/omnimind/omnimind.toml or the person's own; OMNIMIND_* wins over the file.

    The person's own is ~/.config/omnimind/omnimind.toml, by the XDG rules; it is read where the host has none.

    Raises one Problem that shows every fault with its line. Other OMNIMIND_* variables are no fault: a shell has them for other reasons.
    """
    words = os.environ if environment is None else environment
    named = config or (Path(words[f"{PREFIX}CONFIG"]) if words.get(f"{PREFIX}CONFIG") else None)
    place = named or _usual(words)
    text = _read(place, must_exist=named is not None)
    try:
        values = toml.parse(text)
    except ValueError as error:
        raise _problem(place, [str(error)]) from error
    given = _from(words)
    try:
        return Settings.model_validate({**{k: _tuple(v) for k, v in values.items()}, **given})
    except ValidationError as error:
        faults = [toml.fault(dict(each), text, Settings.model_fields, given) for each in error.errors()]
        raise _problem(place if text else None, [said for _, said in sorted(faults)]) from error


def _usual(words: Mapping[str, str]) -> Path:
    """Return the host's file, or the person's where the host has none."""
    given, home = words.get("XDG_CONFIG_HOME", ""), words.get("HOME", "")
    base = Path(given) if given.startswith("/") else Path(home) / ".config" if home.startswith("/") else None
    return PLACE if PLACE.exists() or base is None else base / "omnimind" / "omnimind.toml"


def _from(words: Mapping[str, str]) -> dict[str, object]:
    """Return the settings in the environment; a list is written 8000,8080."""
    found: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        text = words.get(PREFIX + name.upper())
        if text is not None:
            kind = field.annotation
            found[name] = toml.word(text, kind if isinstance(kind, type) else str, many=get_origin(kind) is tuple)
    return found


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _read(place: Path, *, must_exist: bool) -> str:
    try:
        return place.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if must_exist:
            raise Problem(
                "cannot read the settings", f"there is no file {place}", "check --config and OMNIMIND_CONFIG"
            ) from error
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("cannot read the settings", f"{place}: {error}", "make it readable text: chmod 0644") from error


def _problem(place: Path | None, faults: list[str]) -> Problem:
    where = str(place) if place else "the environment"
    why = f"{where} has {len(faults)} faults" if len(faults) > 1 else f"{where}: {faults[0]}"
    return Problem(
        "cannot use the settings",
        why,
        "correct what is named; omnimind.example.toml shows every key",
        log=tuple(faults),
    )
