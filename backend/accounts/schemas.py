"""Users, tokens and logins as the API takes and gives them: one model for each use."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from backend.accounts.identity import Role
from backend.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from backend.accounts.repository.users import NAME

Secret = SecretStr
"""Never shown by repr or in a validation error."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(_Body):
    """Who wants in."""

    name: str = Field(min_length=1, max_length=64)
    password: Secret = Field(min_length=1, max_length=MAX_LENGTH)


class Me(BaseModel):
    """Who the caller is; `via` says what proved it."""

    id: str
    name: str
    role: Role
    via: Literal["session", "token", "open"]


class Visitor(BaseModel):
    """Who calls; null for nobody."""

    me: Me | None


class NewPassword(_Body):
    """The old password, and the one to have from now on."""

    old: Secret = Field(min_length=1, max_length=MAX_LENGTH)
    new: Secret = Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)


class NewUser(_Body):
    """A user to make."""

    name: str = Field(pattern=f"^{NAME}$", examples=["maria"])
    password: Secret = Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH)
    role: Role = Role.READER


class UserChange(_Body):
    """What shall be different; each change ends the user's sessions."""

    role: Role | None = None
    disabled: bool | None = None
    password: Secret | None = Field(default=None, min_length=MIN_LENGTH, max_length=MAX_LENGTH)


class UserPublic(BaseModel):
    """One user."""

    id: UUID
    name: str
    role: Role
    disabled: bool
    created_at: datetime


class NewToken(_Body):
    """A token to make: for what, what it may do (at most what its owner may), and for how many days; null for no end."""

    name: str = Field(min_length=1, max_length=100, examples=["nightly import"])
    role: Role = Role.READER
    days: int | None = Field(default=90, ge=1, le=3650)


class TokenPublic(BaseModel):
    """One token, without what opens anything."""

    id: UUID
    user_id: UUID
    user: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenMade(BaseModel):
    """A new token; `token` is shown this once."""

    id: UUID
    token: str
    name: str
    role: Role
    expires_at: datetime | None
