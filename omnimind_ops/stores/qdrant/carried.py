"""Settings of the old Qdrant that bear on its data: WAL, optimizers, performance, where payloads are kept. Pure.

They come from its environment (QDRANT__STORAGE__WAL__WAL_CAPACITY_MB) and its configuration files, as "a.b.c=value":
https://qdrant.tech/documentation/guides/configuration/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import yaml

from omnimind_ops.model.json import JSON

PREFIX = "QDRANT__"
SECTION = "storage"
PATHS = ("storage_path", "snapshots_path", "temp_path", "snapshots_config")
"""Not carried: where the native server keeps its files."""


def carried_settings(environment: Mapping[str, str], documents: Iterable[Mapping[str, JSON]] = ()) -> tuple[str, ...]:
    """Return the settings to carry, sorted; the environment wins over the documents, a later one over an earlier."""
    settings: dict[str, str] = {}
    for document in documents:
        settings |= dict(_flatten(SECTION, document.get(SECTION)))
    for name, value in environment.items():
        if name.upper().startswith(f"{PREFIX}{SECTION.upper()}__"):
            settings[".".join(name[len(PREFIX) :].lower().split("__"))] = value
    sections = {key.rpartition(".")[0] for key in settings}  # a value for a section itself means nothing to Qdrant
    return tuple(
        f"{key}={value}"
        for key, value in sorted(settings.items())
        if key.split(".")[1] not in PATHS and key not in sections
    )


def _flatten(key: str, value: JSON) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            pass
        case Mapping():
            for name, inner in value.items():
                yield from _flatten(f"{key}.{name}", inner)
        case _:
            yield key, str(yaml.safe_dump(value, default_flow_style=True)).removesuffix("\n...\n").strip()
