"""Payload index schemas: conversion of `"keyword"` or `{"type": "keyword", ...}` to the engine's classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import wrong_input

_TYPES = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "geo": edge.PayloadSchemaType.Geo,
    "text": edge.PayloadSchemaType.Text,
    "bool": edge.PayloadSchemaType.Bool,
    "datetime": edge.PayloadSchemaType.Datetime,
    "uuid": edge.PayloadSchemaType.Uuid,
}
NAMES = tuple(_TYPES)
_PARAMS: Mapping[str, Any] = {
    "keyword": edge.KeywordIndexParams,
    "integer": edge.IntegerIndexParams,
    "float": edge.FloatIndexParams,
    "geo": edge.GeoIndexParams,
    "text": edge.TextIndexParams,
    "bool": edge.BoolIndexParams,
    "datetime": edge.DatetimeIndexParams,
    "uuid": edge.UuidIndexParams,
}


def type_name(schema: Any) -> str:
    """Return the name of the index type, like "keyword"."""
    name = schema.get("type") if isinstance(schema, dict) else schema
    if name not in _TYPES:
        raise wrong_input(f"unknown payload index type `{name}`")
    return str(name)


def schema_in(schema: Any) -> Any:
    """Return the engine's schema of an index."""
    name = type_name(schema)
    if not isinstance(schema, dict):
        return _TYPES[name]
    given = {key: _value(key, value) for key, value in schema.items() if key != "type" and value is not None}
    return _PARAMS[name](**given)


def schema_out(kind: Any) -> str:
    """Return the name of an engine's index type, for indexes that are missing in `payload_index.json`."""
    return next((name for name, known in _TYPES.items() if known == kind), str(kind).rsplit(".", 1)[-1].lower())


def _value(key: str, value: Any) -> Any:
    if key == "tokenizer":
        return getattr(edge.TokenizerType, value.capitalize())
    if key == "memory":
        return getattr(edge.Memory, value.capitalize())
    if key == "stemmer":
        if value["type"] == "none":
            return edge.DisabledStemmer()
        return edge.SnowballParams(getattr(edge.SnowballLanguage, value["language"].capitalize()))
    if key == "stopwords":
        return _stopwords(value)
    if key == "scoring" and isinstance(value, dict):
        return edge.TextScoringParams()
    return value


def _stopwords(value: Any) -> Any:
    if isinstance(value, str):
        return getattr(edge.Language, value.capitalize())
    languages = {getattr(edge.Language, word.capitalize()) for word in value.get("languages") or []}
    return edge.StopwordsSet(languages or None, set(value.get("custom") or []) or None)
