"""Frozen dataclasses as JSON, and back. The only place that writes and reads what steps store in the journal.

A field is a text, number, truth value, enumeration, tuple, mapping, JSON or another dataclass. A field with the default
None is left out while it is None. Reading is strict: a missing or unknown key or a value of another type is a Problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
INLINE = {"inline": True}
"""Metadata of a field whose keys are merged into those of its holder: a dataclass, or (as the last field) a mapping."""
_KEY = "key"


def key(name: str) -> Mapping[str, str]:
    """Return the metadata of a field that is written under another name than its own."""
    return {_KEY: name}


def write(value: DataclassInstance) -> dict[str, JSON]:
    """Return a dataclass as JSON, from which read() restores it."""
    members: dict[str, JSON] = {}
    for member in fields(value):
        content = getattr(value, member.name)
        if member.metadata.get("inline"):
            members |= {} if content is None else _plain(content)
        elif content is not None or member.default is not None:
            members[_key(member)] = _plain(content)
    return members


def read(kind: type[T], members: JSON, where: str, *, source: str = "the journal") -> T:
    """Return the dataclass that write() wrote; raise Problem naming `where` and the key if it cannot be read."""
    try:
        return _dataclass(kind, members, "")
    except _MismatchError as mismatch:
        fix = "use the version of omnimind that wrote it: `omnimind runs` names it"
        raise Problem(f"cannot read {source}", f"{where}: {mismatch}", fix) from mismatch


class _MismatchError(Exception):
    """A value does not match its dataclass."""


def _key(member: Field[Any]) -> str:
    return str(member.metadata.get(_KEY, member.name))


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case Enum():
            return value.value
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            return write(value) if is_dataclass(value) and not isinstance(value, type) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _dataclass(kind: type[T], members: JSON, path: str) -> T:
    remaining = dict(_mapping(members, path))
    values: dict[str, Any] = {}
    for member in fields(kind):
        hint = _hints(kind)[member.name]
        if member.metadata.get("inline"):
            values[member.name] = _inlined(hint, remaining, path)
        elif _key(member) in remaining:
            values[member.name] = _value(hint, remaining.pop(_key(member)), _join(path, _key(member)))
        elif member.default is MISSING and member.default_factory is MISSING:
            raise _MismatchError(f"{_join(path, _key(member))} is missing")
    if remaining:
        raise _MismatchError(f"{_join(path, next(iter(remaining)))} is unknown")
    return kind(**values)


def _inlined(hint: Any, remaining: dict[str, JSON], path: str) -> Any:
    """Remove the keys of an inline field, a dataclass's or all, from `remaining` and return the field's value."""
    optional, (hint, *_) = _alternatives(hint)
    names = {_key(member) for member in fields(hint)} if is_dataclass(hint) else remaining.keys()
    members = {name: remaining.pop(name) for name in tuple(remaining) if name in names}
    return None if optional and not members else _value(hint, members, path)


def _value(hint: Any, value: JSON, path: str) -> Any:
    optional, kinds = _alternatives(hint)
    if hint is Any or len(kinds) > 1 or (optional and value is None):
        return value  # several kinds besides None: JSON itself
    (kind,) = kinds
    if is_dataclass(kind):
        return _dataclass(cast("type[DataclassInstance]", kind), value, path)
    if get_origin(kind) is tuple:
        return tuple(_items(get_args(kind), value, path))
    if get_origin(kind) is not None:  # a mapping from texts
        return {
            name: _value(get_args(kind)[1], item, _join(path, name)) for name, item in _mapping(value, path).items()
        }
    return _scalar(kind, value, path)


def _scalar(kind: type, value: JSON, path: str) -> Any:
    if issubclass(kind, Enum):
        if value in [item.value for item in kind]:
            return kind(value)
    elif type(value) is kind or (kind is float and type(value) is int):
        return value
    raise _MismatchError(f"{path} is {value!r}, not {kind.__name__}")


def _items(kinds: Sequence[Any], value: JSON, path: str) -> Iterator[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _MismatchError(f"{path} is {value!r}, not a list")
    if kinds[1:] == (...,):
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _MismatchError(f"{path} has {len(value)} items, not {len(kinds)}")
    for number, (kind, item) in enumerate(zip(kinds, value, strict=True)):
        yield _value(kind, item, f"{path}[{number}]")


def _mapping(value: JSON, path: str) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise _MismatchError(f"{path or 'it'} is {value!r}, not a mapping")
    return value


def _alternatives(hint: Any) -> tuple[bool, list[Any]]:
    """Return whether None is one of a type's alternatives, and the others."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return NoneType in kinds, [kind for kind in kinds if kind is not NoneType]


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
