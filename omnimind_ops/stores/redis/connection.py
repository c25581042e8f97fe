"""One connection that returns plain RESP2 values (bytes, int, None and lists of those), whatever the server's
version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.link import Argument, Command, Link, Reply, open_link

__all__ = ["Argument", "Command", "Connection", "Reply", "connect"]


class Connection:
    """A connection to one server. Connection errors and error replies raise Problem, except as `try_call` says."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._db = 0
        self.name = name

    def call(self, *command: Argument) -> Reply:
        """Send one command and return its reply."""
        return self.pipeline([command])[0]

    def pipeline(self, commands: Sequence[Command], *, retyped: bool = False) -> list[Reply]:
        """Send commands at once and return their replies in order. All replies are read before the first error is
        raised.

        With `retyped`, the reply is None for a key that another client has replaced by a key of another type.
        """
        replies = self._exchange(commands)
        if self._link.errors:
            for at, (command, reply) in enumerate(zip(commands, replies, strict=True)):
                if isinstance(reply, Exception):
                    if not (retyped and str(reply).startswith("WRONGTYPE")):
                        raise command_refused(command, reply, self.name)
                    replies[at] = None
        return cast(list[Reply], replies)

    def try_call(self, *command: Argument, forbidden: bool = False, refused: bool = False) -> Reply | None:
        """Send one command; return None when the server does not know it, with `forbidden` when the user may not run
        it, with `refused` after any error reply.
        """
        from redis.exceptions import NoPermissionError

        reply = self._exchange([command])[0]
        if not isinstance(reply, Exception):
            return reply
        if refused or _is_unknown_command(reply) or (forbidden and isinstance(reply, NoPermissionError)):
            return None
        raise command_refused(command, reply, self.name)

    def supports(self, command: str) -> bool:
        """Return whether the server has a command that needs arguments; sends it without arguments."""
        reply = self._exchange([(command,)])[0]
        return not (isinstance(reply, Exception) and _is_unknown_command(reply))

    def allows(self, *command: Argument) -> bool:
        """Return whether the server runs this command for this user; sends it."""
        return not isinstance(self._exchange([command])[0], Exception)

    def select(self, db: int) -> None:
        """Switch to a database, unless it is already the current one."""
        if db != self._db:
            self.call("SELECT", db)
            self._db = db

    def _exchange(self, commands: Sequence[Command]) -> list[Reply | Exception]:
        from redis.exceptions import RedisError

        try:
            return self._link.exchange(commands)
        except (RedisError, OSError) as error:
            raise unreachable(self.name, error) from error


@contextmanager
def connect(endpoint: RedisEndpoint, timeout: float = 60) -> Iterator[Connection]:
    """Open a connection for the block; `timeout` is in seconds, for the connect and for each reply."""
    from redis.exceptions import RedisError

    try:
        link = open_link(endpoint, timeout)
    except (RedisError, OSError) as error:
        raise unreachable(str(endpoint), error) from error
    try:
        yield Connection(link, str(endpoint))
    finally:
        link.close()


def unreachable(name: str, error: Exception) -> Problem:
    """Return the Problem for a server that does not answer; the class of the error decides the suggested fix."""
    from redis.exceptions import AuthenticationError, BusyLoadingError

    fix = "check that it runs and listens at this address, then run the same command again"
    if isinstance(error, AuthenticationError):
        fix = "check the user name and password in the compose file or .env, then run the same command again"
    if isinstance(error, BusyLoadingError):
        fix = "wait until it has loaded its data, then run the same command again"
    return Problem(f"cannot connect to Redis at {name}", str(error) or type(error).__name__, fix)


def command_refused(command: Command, error: Exception, name: str) -> Problem:
    """Return the Problem for an error reply; it names the command and its key, never a value."""
    arguments = command[:1] if command[0] == "AUTH" else command[:2]
    shown = " ".join(repr(argument) if isinstance(argument, bytes) else str(argument) for argument in arguments)
    return Problem(
        f"cannot run {shown[:120]} on Redis at {name}",
        str(error),
        "fix the error that the server reports, then run the same command again",
    )


def _is_unknown_command(error: Exception) -> bool:
    return str(error).lower().removeprefix("err ").startswith(("unknown command", "unknown subcommand"))


def as_int(reply: Reply) -> int:
    """Return a reply that must be a number (":1", or text such as the "0" of a cursor)."""
    if isinstance(reply, int):
        return reply
    return int(as_bytes(reply))


def as_bytes(reply: Reply) -> bytes:
    """Return a reply that must be a string."""
    if not isinstance(reply, bytes):
        raise TypeError(f"expected a string reply, not {type(reply).__name__}")
    return reply


def as_list(reply: Reply) -> list[Reply]:
    """Return a reply that must be a list; a null list is empty."""
    if reply is None:
        return []
    if not isinstance(reply, list):
        raise TypeError(f"expected a list reply, not {type(reply).__name__}")
    return reply


def as_bytes_list(reply: Reply) -> list[bytes]:
    """Return a reply that must be a list of strings."""
    return cast(list[bytes], as_list(reply))


def as_dict(reply: Reply) -> dict[str, Reply]:
    """Return a flat list of names and values as a mapping."""
    flat = as_list(reply)
    return {as_bytes(name).decode(errors="replace"): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
