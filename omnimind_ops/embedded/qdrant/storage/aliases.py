"""`aliases/data.json`: alternative names of collections."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.embedded.qdrant.errors import conflict, no_collection, not_found

from .files import read_json, write_json


def load_aliases(storage: Path) -> dict[str, str]:
    """Return collection name by alias. As in the real server, the file exists from the first start."""
    result = read_json(storage / "aliases" / "data.json")
    if result is None:
        save_aliases(storage, {})
    return dict(result or {})


def save_aliases(storage: Path, aliases: Mapping[str, str]) -> None:
    """Write all aliases atomically."""
    (storage / "aliases").mkdir(exist_ok=True)
    write_json(storage / "aliases" / "data.json", aliases)


def changed(aliases: Mapping[str, str], collections: Mapping[str, object], action: Mapping[str, Any]) -> dict[str, str]:
    """Return the aliases after one action."""
    new = dict(aliases)
    if create := action.get("create_alias"):
        if create["collection_name"] not in collections:
            raise no_collection(create["collection_name"])
        if create["alias_name"] in collections:
            raise conflict(f"Collection `{create['alias_name']}` already exists!")
        new[create["alias_name"]] = create["collection_name"]
    elif delete := action.get("delete_alias"):
        new.pop(delete["alias_name"], None)
    elif rename := action.get("rename_alias"):
        if rename["old_alias_name"] not in new:
            raise not_found(f"Alias {rename['old_alias_name']} does not exists!")
        new[rename["new_alias_name"]] = new.pop(rename["old_alias_name"])
    return new
