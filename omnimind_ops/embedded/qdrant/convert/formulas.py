"""Score formulas of the query API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qdrant_edge as edge

from omnimind_ops.embedded.qdrant.errors import wrong_input

from .filters import condition, geo

_E = edge.Expression


def formula_in(value: dict[str, Any]) -> edge.Formula:
    """Return a formula with its defaults."""
    return edge.Formula(expression(value["formula"]), value.get("defaults"))


def expression(value: Any) -> edge.Expression:
    """Return one node: a number, a variable, a condition (1 or 0) or an operation on other nodes."""
    if isinstance(value, int | float):
        return _E.Constant(value)
    if isinstance(value, str):
        return _E.Variable(value)
    for name, build in _NODES.items():
        if name in value:
            return build(value[name])
    try:
        return _E.Condition(condition(value))
    except (KeyError, AttributeError):
        raise wrong_input(f"unknown expression with fields {sorted(value)}") from None


def _list(build: Callable[[list[edge.Expression]], edge.Expression]) -> Callable[[Any], edge.Expression]:
    return lambda items: build([expression(item) for item in items])


def _one(build: Callable[[edge.Expression], edge.Expression]) -> Callable[[Any], edge.Expression]:
    return lambda item: build(expression(item))


def _decay(kind: edge.DecayKind) -> Callable[[Any], edge.Expression]:
    def build(value: dict[str, Any]) -> edge.Expression:
        target = value.get("target")
        return _E.Decay(
            kind,
            expression(value["x"]),
            expression(target) if target is not None else None,
            value.get("midpoint"),
            value.get("scale"),
        )

    return build


_NODES: dict[str, Callable[[Any], edge.Expression]] = {
    "mult": _list(_E.Mult),
    "sum": _list(_E.Sum),
    "max": _list(_E.Max),
    "min": _list(_E.Min),
    "neg": _one(_E.Neg),
    "abs": _one(_E.Abs),
    "sqrt": _one(_E.Sqrt),
    "exp": _one(_E.Exp),
    "log10": _one(_E.Log10),
    "ln": _one(_E.Ln),
    "div": lambda v: _E.Div(expression(v["left"]), expression(v["right"]), v.get("by_zero_default")),
    "pow": lambda v: _E.Pow(expression(v["base"]), expression(v["exponent"])),
    "geo_distance": lambda v: _E.GeoDistance(geo(v["origin"]), v["to"]),
    "datetime": _E.Datetime,
    "datetime_key": _E.DatetimeKey,
    "lin_decay": _decay(edge.DecayKind.Lin),
    "gauss_decay": _decay(edge.DecayKind.Gauss),
    "exp_decay": _decay(edge.DecayKind.Exp),
}
