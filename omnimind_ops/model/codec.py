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
    for one in fields(value):
        content = getattr(value, one.name)
        if one.metadata.get("inline"):
            members |= {} if content is None else _plain(content)
        elif content is not None or one.default is not None:
            members[_key(one)] = _plain(content)
    return members


def read(kind: type[T], members: JSON, where: str, *, what: str = "the journal") -> T:
    """Return the dataclass that write() wrote; raise Problem naming `where` and the key if it cannot be read."""
    try:
        return _dataclass(kind, members, "")
    except _Unlike as unlike:
        fix = "use the version of omnimind that wrote it: `omnimind runs` names it"
        raise Problem(f"cannot read {what}", f"{where}: {unlike}", fix) from unlike


class _Unlike(Exception):  # noqa: N818 always caught here
    """A value does not match its dataclass."""


def _key(one: Field[Any]) -> str:
    return str(one.metadata.get(_KEY, one.name))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return write(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _dataclass(kind: type[T], members: JSON, at: str) -> T:
    left = dict(_mapping(members, at))
    values: dict[str, Any] = {}
    for one in fields(kind):
        hint = _hints(kind)[one.name]
        if one.metadata.get("inline"):
            values[one.name] = _inlined(hint, left, at)
        elif _key(one) in left:
            values[one.name] = _value(hint, left.pop(_key(one)), _at(at, _key(one)))
        elif one.default is MISSING and one.default_factory is MISSING:
            raise _Unlike(f"{_at(at, _key(one))} is missing")
    if left:
        raise _Unlike(f"{_at(at, next(iter(left)))} is unknown")
    return kind(**values)


def _inlined(hint: Any, left: dict[str, JSON], at: str) -> Any:
    """Remove the keys of an inline field from `left` and return its value: a dataclass's keys, or everything left."""
    optional, (hint, *_) = _alternatives(hint)
    names = {_key(one) for one in fields(hint)} if is_dataclass(hint) else left.keys()
    mine = {name: left.pop(name) for name in tuple(left) if name in names}
    return None if optional and not mine else _value(hint, mine, at)


def _value(hint: Any, value: JSON, at: str) -> Any:
    optional, kinds = _alternatives(hint)
    if hint is Any or len(kinds) > 1 or (optional and value is None):
        return value  # several kinds besides None: JSON itself
    (kind,) = kinds
    if is_dataclass(kind):
        return _dataclass(cast("type[DataclassInstance]", kind), value, at)
    if get_origin(kind) is tuple:
        return tuple(_items(get_args(kind), value, at))
    if get_origin(kind) is not None:  # a mapping from texts
        return {name: _value(get_args(kind)[1], item, _at(at, name)) for name, item in _mapping(value, at).items()}
    return _scalar(kind, value, at)


def _scalar(kind: type, value: JSON, at: str) -> Any:
    if issubclass(kind, Enum):
        if value in [one.value for one in kind]:
            return kind(value)
    elif type(value) is kind or (kind is float and type(value) is int):
        return value
    raise _Unlike(f"{at} is {value!r}, not {kind.__name__}")


def _items(kinds: Sequence[Any], value: JSON, at: str) -> Iterator[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _Unlike(f"{at} is {value!r}, not a list")
    if kinds[1:] == (...,):
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _Unlike(f"{at} has {len(value)} items, not {len(kinds)}")
    for number, (kind, item) in enumerate(zip(kinds, value, strict=True)):
        yield _value(kind, item, f"{at}[{number}]")


def _mapping(value: JSON, at: str) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise _Unlike(f"{at or 'it'} is {value!r}, not a mapping")
    return value


def _alternatives(hint: Any) -> tuple[bool, list[Any]]:
    """Return whether None is one of a type's alternatives, and the others."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return NoneType in kinds, [kind for kind in kinds if kind is not NoneType]


def _at(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
