"""Function libraries (Redis 7.0 and newer): code stored on the server next to the keys."""

from __future__ import annotations

from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_dict, as_list


def function_libraries(connection: Connection) -> list[tuple[bytes, bytes]]:
    """Return (name, code) of every library; empty for servers without functions."""
    libraries = [as_dict(library) for library in as_list(connection.try_call("FUNCTION", "LIST", "WITHCODE"))]
    return sorted((as_bytes(library["library_name"]), as_bytes(library["library_code"])) for library in libraries)
