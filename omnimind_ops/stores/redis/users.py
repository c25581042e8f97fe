"""The users (ACL) of a Redis server, as lines of a configuration file of another server.

`ACL LIST` writes them as redis.conf reads them:
https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes_list
from omnimind_ops.stores.redis.digests import hash_of
from omnimind_ops.stores.redis.versions import at_least

SINCE = {"sanitize-payload": (6, 2), "skip-sanitize-payload": (6, 2), "resetchannels": (6, 2), "allchannels": (6, 2)}
CHANNELS = (6, 2)
"""Version in which patterns of channels (&news:*) came."""


def read_users(connection: Connection, without: Collection[str]) -> tuple[str, ...] | None:
    """Return a line `user NAME …` for each user that is not in `without`; None when the server refuses to list them."""
    reply = connection.try_call("ACL", "LIST", forbidden=True)
    if reply is None:
        return None
    lines = [line.decode(errors="surrogateescape") for line in as_bytes_list(reply)]
    return tuple(line for line in lines if name_of(line) not in without)


def name_of(line: str) -> str:
    """Return the name in a line `user NAME …`."""
    return line.split(" ", 2)[1]


def lines_for(lines: Sequence[str], version: str) -> tuple[str, ...]:
    """Return the lines without the words that a server of this version does not know and that restrict nothing."""
    return tuple(" ".join(_words(line, version)) for line in lines)


def _words(line: str, version: str) -> Iterator[str]:
    for word in line.split(" "):
        is_new = word in SINCE or word.startswith("&")
        if not is_new or at_least(version, *SINCE.get(word, CHANNELS)):
            yield word


def refusal(server: Connection, line: str) -> str:
    """Return why this server would refuse to start with the line; "" if it accepts it. The user is gone afterwards."""
    name, rules = name_of(line), line.split(" ")[2:]
    try:
        server.call("ACL", "SETUSER", name, *rules)
        server.call("ACL", "DELUSER", name)
    except Problem as problem:
        return problem.why
    return ""


def listed_as(server: Connection, line: str) -> str:
    """Return the digest of the line with which this server lists such a user. The user is gone afterwards."""
    name, rules = name_of(line), line.split(" ")[2:]
    server.call("ACL", "SETUSER", name, *rules)
    digest = user_digests(server, (name,))[name]
    server.call("ACL", "DELUSER", name)
    return digest


def user_digests(server: Connection, names: Collection[str]) -> dict[str, str]:
    """Return the digest of each of these users as the server lists it; users that it does not have are left out."""
    lines = [line for line in read_users(server, ()) or () if name_of(line) in names]
    return {name_of(line): hash_of([ordered(line).encode(errors="surrogateescape")]).hex() for line in lines}


def ordered(line: str) -> str:
    """Return a line with neighbouring single commands (+get +set) in order: Redis lists them in any."""
    arguments: list[str] = []
    for is_single, group in groupby(line.split(" "), lambda word: word[:1] in ("+", "-") and "@" not in word):
        members = list(group)
        arguments += sorted(members) if is_single else members
    return " ".join(arguments)
