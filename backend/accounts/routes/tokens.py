"""/tokens: for scripts, which send `Authorization: Bearer omt_…`. Only who logged in can make one: a stolen token makes no others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter

from backend.accounts.access import Reader
from backend.accounts.authentication import unauthenticated
from backend.accounts.identity import Identity, Role
from backend.accounts.repository import tokens
from backend.accounts.schemas import NewToken, TokenMade, TokenPublic
from backend.deps import PoolsDep
from backend.http.errors import ApiProblem

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("")
async def listed(identity: Reader, pools: PoolsDep, all: bool = False) -> list[TokenPublic]:
    """List one's own tokens, or, for an admin who asks for them, all."""
    user = _user(identity)
    if all and not identity.role.covers(Role.ADMIN):
        raise ApiProblem(403, "not allowed", "only an admin can list the tokens of other users", fix="omit `all`")
    return [TokenPublic(**asdict(token)) for token in await tokens.list_tokens(pools.postgres, None if all else user)]


@router.post("", status_code=201)
async def create(requested: NewToken, identity: Reader, pools: PoolsDep) -> TokenMade:
    """Make a token. It is shown in this answer and never again."""
    user = _user(identity)
    if identity.via != "session":
        raise ApiProblem(403, "not allowed", "a token cannot create tokens", fix="log in: POST /auth/login")
    if not identity.role.covers(requested.role):
        raise ApiProblem(
            403,
            "not allowed",
            f"a token cannot have more rights than its owner; your role is {identity.role}",
            fix="request a lower role",
        )
    until = datetime.now(UTC) + timedelta(days=requested.days) if requested.days else None
    id_, token = await tokens.create(pools.postgres, user, requested.name, requested.role, until)
    return TokenMade(id=id_, token=token, name=requested.name, role=requested.role, expires_at=until)


@router.delete("/{token}", status_code=204)
async def delete(token: UUID, identity: Reader, pools: PoolsDep) -> None:
    """Delete a token, one's own or, for an admin, anybody's; it is not valid from now on."""
    owner = None if identity.role.covers(Role.ADMIN) else _user(identity)
    if not await tokens.delete(pools.postgres, token, owner):
        raise ApiProblem(404, "no such token", f"you have no token {token}", fix="list them: GET /tokens")


def _user(identity: Identity) -> UUID:
    if identity.via == "open":
        raise unauthenticated("reading needs no login here, but tokens do", "log in: POST /auth/login")
    return UUID(identity.id)
