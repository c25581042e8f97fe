"""Vector sets (Redis 8.0): elements with a vector and attributes.

Their serialisation (DUMP) differs between equal sets, because it contains the graph of the neighbours. So the vectors
are read as they are stored, and the graph is left out.
"""

from __future__ import annotations

from omnimind_ops.stores.redis.connection import Connection, Reply, as_bytes_list, as_dict, as_int
from omnimind_ops.stores.redis.digests import hash_of, number_of, sum_digest
from omnimind_ops.stores.redis.keys import Key

TYPE = "vectorset"
PIECE = 1000
FACTS = ("quant-type", "vector-dim", "projection-input-dim", "size")


def digest_vector_set(connection: Connection, key: Key) -> bytes:
    """Return the digest of a vector set; empty when the key has vanished."""
    size = connection.call("VCARD", key.name)
    if not size:
        return b""
    info = as_dict(connection.call("VINFO", key.name))
    names = as_bytes_list(connection.call("VRANDMEMBER", key.name, as_int(size)))
    total = 0
    for at in range(0, len(names), PIECE):
        piece = names[at : at + PIECE]
        vectors = connection.pipeline([("VEMB", key.name, name, "RAW") for name in piece])
        attributes = connection.pipeline([("VGETATTR", key.name, name) for name in piece])
        for name, vector, attribute in zip(piece, vectors, attributes, strict=True):
            total += number_of([name, *_words(vector), *([b"attributes", *_words(attribute)] if attribute else [])])
    return hash_of([*(word for fact in FACTS for word in _words(info.get(fact))), sum_digest([total])])


def _words(reply: Reply) -> list[bytes]:
    if isinstance(reply, list):
        return [word for part in reply for word in _words(part)]
    return [reply if isinstance(reply, bytes) else str(reply).encode()]
