"""Messages between the engine and its quantum child: a length of 4 bytes, big-endian, then one JSON object."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO

import orjson

Message = dict[str, object]
LENGTH = struct.Struct(">I")


def pack(message: Message) -> bytes:
    """Return the bytes of a message."""
    body = orjson.dumps(message)
    return LENGTH.pack(len(body)) + body


async def receive(stream: asyncio.StreamReader) -> Message:
    """Return the next message. Raises asyncio.IncompleteReadError if the other side is gone."""
    (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
    return _object(await stream.readexactly(length))


def read(stream: BinaryIO) -> Message | None:
    """Return the next message, waiting for it; None if the other side has closed."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    return _object(stream.read(length))


def _object(body: bytes) -> Message:
    message = orjson.loads(body)
    if not isinstance(message, dict):
        raise TypeError(f"a message must be an object, not {type(message).__name__}")
    return message
