"""/auth: log in, log out, who am I."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from backend.accounts.access import Reader, identify
from backend.accounts.authentication import COOKIE, DEVICE_COOKIE, MAX_LENGTH, address_of
from backend.accounts.login import LoginDependencies, change_password, log_in
from backend.accounts.repository import devices, sessions
from backend.accounts.repository.sessions import MAX_SECONDS
from backend.accounts.schemas import Login, Me, NewPassword, Visitor
from backend.deps import PoolsDep, SettingsDep
from backend.http.errors import ApiProblem

router = APIRouter(prefix="/auth", tags=["auth"])


def _login_dependencies(request: Request, settings: SettingsDep, pools: PoolsDep) -> LoginDependencies:
    return LoginDependencies(settings, pools, request.app.state.limits, request.app.state.passwords)


LoginDep = Annotated[LoginDependencies, Depends(_login_dependencies)]


@router.post("/login")
async def login(credentials: Login, request: Request, response: Response, deps: LoginDep) -> Me:
    """Begin a session; its cookie is for browsers on this machine only, and out of reach of scripts."""
    known = request.cookies.get(DEVICE_COOKIE, "")[:MAX_LENGTH]
    password = credentials.password.get_secret_value()
    user, token, device = await log_in(deps, address_of(request), credentials.name, password, known)
    is_https = request.url.scheme == "https"
    for name, value, age in ((COOKIE, token, MAX_SECONDS), (DEVICE_COOKIE, device, devices.SECONDS)):
        response.set_cookie(name, value, max_age=age, path="/", httponly=True, samesite="strict", secure=is_https)
    return Me(id=str(user.id), name=user.name, role=user.role, via="session")


@router.post("/logout", status_code=204)
async def logout(request: Request, pools: PoolsDep) -> Response:
    """End the session, if there is one."""
    token = request.cookies.get(COOKIE)
    if token:
        await sessions.end(pools.redis, token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.get("/me")
async def me(identity: Reader) -> Me:
    """Tell who is calling."""
    return Me(id=identity.id, name=identity.name, role=identity.role, via=identity.via)


@router.get("/session")
async def session(request: Request, settings: SettingsDep, pools: PoolsDep) -> Visitor:
    """Tell who is calling, null for nobody: what a page asks first, for which not being logged in is no error."""
    try:
        identity = await identify(request, settings, pools)
    except ApiProblem as problem:
        if problem.status != 401:
            raise
        return Visitor(me=None)
    return Visitor(me=Me(id=identity.id, name=identity.name, role=identity.role, via=identity.via))


@router.post("/password", status_code=204)
async def password(passwords: NewPassword, identity: Reader, deps: LoginDep) -> None:
    """Change one's own password; all sessions of this user end."""
    if identity.via != "session":
        raise ApiProblem(403, "not allowed", "changing a password requires a session", fix="log in: POST /auth/login")
    await change_password(deps, identity.name, passwords.old.get_secret_value(), passwords.new.get_secret_value())
