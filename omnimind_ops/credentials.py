"""Credentials of the native services, read from /etc/omnimind/secrets (0600, root); never printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths


@dataclass(frozen=True)
class Credentials:
    """Redis' password, Qdrant's API key, PostgreSQL's connection string."""

    redis: str = field(repr=False)
    qdrant: str = field(repr=False)
    postgres: str = field(repr=False)


def load(paths: Paths) -> Credentials:
    """Return the credentials; raise Problem if a file is missing or unreadable."""
    variables: dict[str, str] = {}
    try:
        for file in sorted(paths.secrets.glob("*.env")):
            for line in file.read_text().splitlines():
                key, _, value = line.partition("=")
                variables[key.strip()] = value.strip().strip('"')
    except PermissionError as error:
        raise Problem("cannot read the credentials", str(error), "run the command as root: sudo omnimind …") from error
    try:
        return Credentials(
            variables["OMNIMIND_REDIS_PASSWORD"],
            variables["QDRANT__SERVICE__API_KEY"],
            variables["OMNIMIND_POSTGRES_DSN"],
        )
    except KeyError as error:
        raise Problem(
            "cannot read the credentials", f"{error} is not in {paths.secrets}/*.env", "run `omnimind converge`"
        ) from error
