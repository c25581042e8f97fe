"""/users: for admins."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from backend.accounts import bench_users
from backend.accounts.access import Admin
from backend.accounts.passwords import Passwords
from backend.accounts.repository import users
from backend.accounts.repository.users import Change, LastAdmin
from backend.accounts.schemas import NewUser, UserChange, UserPublic
from backend.deps import PoolsDep
from backend.http.errors import ApiProblem

router = APIRouter(prefix="/users", tags=["users"])


@router.get("")
async def listed(_: Admin, pools: PoolsDep) -> list[UserPublic]:
    """List all users, by name."""
    return [_public(user) for user in await users.list_users(pools.postgres)]


@router.post("", status_code=201)
async def create(requested: NewUser, _: Admin, pools: PoolsDep, request: Request) -> UserPublic:
    """Make a user."""
    if requested.name.startswith(bench_users.PREFIX):
        raise ApiProblem(
            409,
            "the name is taken",
            f"names that begin with {bench_users.PREFIX} are reserved for benchmarks",
            fix="choose another name",
        )
    user = await users.create(
        pools.postgres, requested.name, await _hash(request, requested.password.get_secret_value()), requested.role
    )
    if user is None:
        raise ApiProblem(
            409,
            "the name is taken",
            f"the user {requested.name} already exists",
            fix="choose another name, or change that user: PATCH /users/ID",
        )
    return _public(user)


@router.patch("/{user}")
async def change(user: UUID, requested: UserChange, _: Admin, pools: PoolsDep, request: Request) -> UserPublic:
    """Change role or password, disable or enable; it ends the user's sessions. Tokens of a disabled user are not valid meanwhile."""
    password_hash = await _hash(request, requested.password.get_secret_value()) if requested.password else None
    try:
        changed = await users.change(
            pools.postgres, pools.redis, user, Change(requested.role, requested.disabled, password_hash)
        )
    except LastAdmin as error:
        raise ApiProblem(
            409, "the last admin", "at least one admin must be able to log in", fix="make another user an admin first"
        ) from error
    if changed is None:
        raise ApiProblem(404, "no such user", f"there is no user {user}", fix="list them: GET /users")
    return _public(changed)


async def _hash(request: Request, password: str) -> str:
    passwords: Passwords = request.app.state.passwords
    return await passwords.hash(password)


def _public(user: users.User) -> UserPublic:
    return UserPublic(id=user.id, name=user.name, role=user.role, disabled=user.disabled, created_at=user.created_at)
