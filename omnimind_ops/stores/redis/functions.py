"""Function libraries (Redis 7.0 and newer): code stored on the server next to the keys."""

from __future__ import annotations

from omnimind_ops.stores.redis.wire import Wire, blob, listed, pairs


def libraries(wire: Wire) -> list[tuple[bytes, bytes]]:
    """Return (name, code) of every library; empty for servers without functions."""
    found = [pairs(library) for library in listed(wire.probe("FUNCTION", "LIST", "WITHCODE"))]
    return sorted((blob(library["library_name"]), blob(library["library_code"])) for library in found)
