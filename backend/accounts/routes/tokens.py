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
        raise ApiProblem(403, "not allowed", "only an admin sees the tokens of others", fix="leave `all` out")
    return [TokenPublic(**asdict(token)) for token in await tokens.listed(pools.postgres, None if all else user)]


@router.post("", status_code=201)
async def create(asked: NewToken, identity: Reader, pools: PoolsDep) -> TokenMade:
    """Make a token. It is shown in this answer and never again."""
    user = _user(identity)
    if identity.via != "session":
        raise ApiProblem(403, "not allowed", "a token cannot make tokens", fix="log in: POST /auth/login")
    if not identity.role.covers(asked.role):
        raise ApiProblem(
            403,
            "not allowed",
            f"a token may do at most what its owner may; you are {identity.role}",
            fix="ask for a lesser role",
        )
    until = datetime.now(UTC) + timedelta(days=asked.days) if asked.days else None
    id_, token = await tokens.create(pools.postgres, user, asked.name, asked.role, until)
    return TokenMade(id=id_, token=token, name=asked.name, role=asked.role, expires_at=until)


@router.delete("/{token}", status_code=204)
async def delete(token: UUID, identity: Reader, pools: PoolsDep) -> None:
    """Delete a token, one's own or, for an admin, anybody's; it is not valid from now on."""
    owner = None if identity.role.covers(Role.ADMIN) else _user(identity)
    if not await tokens.delete(pools.postgres, token, owner):
        raise ApiProblem(404, "no such token", f"there is no token {token} of yours", fix="list them: GET /tokens")


def _user(identity: Identity) -> UUID:
    if identity.via == "open":
        raise unauthenticated("reads are open here, tokens are not", "log in: POST /auth/login")
    return UUID(identity.id)
