"""omnimind user: manage users. The first user is an admin."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from omnimind_ops.cli.options import Config, Json, paths
from omnimind_ops.model.problem import Problem

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Manage users: add, list, disable, enable, role, passwd, token."
)


class Role(StrEnum):
    """Permissions of a user or a token, lowest first."""

    READER = "reader"
    WRITER = "writer"
    ADMIN = "admin"


Name = Annotated[str, typer.Argument(help="User name: a-z 0-9 . _ -", show_default=False)]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]
Generate = Annotated[bool, typer.Option("--generate", help="Generate a password and print it once.")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[
        Role | None,
        typer.Option(help="Default: admin for the first user, reader for all others.", show_default=False),
    ] = None,
    password_stdin: Stdin = False,
    generate: Generate = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Create a user. Prompts for a password."""
    password = _password(password_stdin, generate)
    user = _run_command(config, f"add the user {name}", action="add", name=name, password=password, role=role)
    _print(
        f"{name} can log in, as {user['role']}",
        {**user, **({"password": password} if generate else {})},
        json,
        password if generate else "",
    )


@app.command("list")
def list_users(config: Config = None, json: Json = False) -> None:
    """List all users."""
    users = _run_command(config, "list the users", action="list")
    _print("\n".join(map(_row, users)) or "no users yet; create one: omnimind user add NAME", {"users": users}, json)


def _row(user: Mapping[str, Any]) -> str:
    state = "disabled" if user["disabled"] else ""
    return f"{user['name']:<24} {user['role']:<7} {state:<9} since {user['created_at'][:10]}"


@app.command("disable")
def disable(name: Name, config: Config = None, json: Json = False) -> None:
    """Disable a user: sessions end, tokens are refused."""
    _print(
        f"{name} is disabled; all sessions have ended",
        _run_command(config, f"disable {name}", action="change", name=name, disabled=True),
        json,
    )


@app.command("enable")
def enable(name: Name, config: Config = None, json: Json = False) -> None:
    """Enable a disabled user."""
    _print(
        f"{name} can log in", _run_command(config, f"enable {name}", action="change", name=name, disabled=False), json
    )


@app.command("role")
def change_role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="reader, writer or admin", show_default=False)],
    config: Config = None,
    json: Json = False,
) -> None:
    """Change a user's role. Sessions end."""
    _print(
        f"{name} is {role}", _run_command(config, f"make {name} a {role}", action="change", name=name, role=role), json
    )


@app.command("passwd")
def passwd(
    name: Name, password_stdin: Stdin = False, generate: Generate = False, config: Config = None, json: Json = False
) -> None:
    """Set a new password. All sessions of the user end."""
    password = _password(password_stdin, generate)
    changed = _run_command(config, f"set the password of {name}", action="change", name=name, password=password)
    _print(
        f"{name} has a new password",
        {**changed, **({"password": password} if generate else {})},
        json,
        password if generate else "",
    )


@app.command("token")
def token(
    name: Name,
    role: Annotated[Role, typer.Option(help="Role of the token, at most the user's own.")] = Role.READER,
    label: Annotated[str, typer.Option("--name", help="Purpose of the token.")] = "created by omnimind user token",
    days: Annotated[int, typer.Option(help="Days until the token expires; 0: never.", min=0, max=3650)] = 90,
    config: Config = None,
    json: Json = False,
) -> None:
    """Create an API token for scripts. It is printed once: Authorization: Bearer omt_…"""
    token = _run_command(
        config, f"create a token for {name}", action="token", name=name, label=label, role=role, days=days or None
    )
    _print(
        f"{role} token for {name}, {f'valid for {days} days' if days else 'without expiry'}",
        token,
        json,
        token["token"],
    )


def _run_command(config: Config, purpose: str, **fields: object) -> Any:
    from omnimind_ops import world
    from omnimind_ops.flows import user as user_accounts
    from omnimind_ops.settings import load

    return user_accounts.run_command(world.find(load(config), paths()), paths(), purpose, **fields)


def _password(from_stdin: bool, generate: bool) -> str:
    if generate:
        from omnimind_ops.flows import user as user_accounts

        return user_accounts.generate_password()
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Problem("cannot ask for a password", "there is no terminal", "add --password-stdin or --generate")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _print(text: str, data: Mapping[str, Any], json: bool, secret: str = "") -> None:
    """Print the text on stderr and a secret on stdout, so that it can be piped.

    Without a secret the text is the result.
    """
    if json:
        from omnimind_ops.render.run import output

        output.message(text, dict(data), json=True)
    elif secret:
        typer.echo(text, err=True)
        typer.echo(secret)
    else:
        typer.echo(text)
