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
    made = _ask(config, f"add the user {name}", action="add", name=name, password=password, role=role)
    _say(
        f"{name} can log in, as {made['role']}",
        {**made, **({"password": password} if generate else {})},
        json,
        password if generate else "",
    )


@app.command("list")
def listed(config: Config = None, json: Json = False) -> None:
    """List all users."""
    found = _ask(config, "list the users", action="list")
    rows = [
        f"{one['name']:<24} {one['role']:<7} {'disabled' if one['disabled'] else '':<9} since {one['created_at'][:10]}".rstrip()
        for one in found
    ]
    _say("\n".join(rows) or "there is no user yet: omnimind user add NAME", {"users": found}, json)


@app.command("disable")
def disable(name: Name, config: Config = None, json: Json = False) -> None:
    """Disable a user: sessions end, tokens are refused."""
    _say(
        f"{name} is disabled, all sessions have ended",
        _ask(config, f"disable {name}", action="change", name=name, disabled=True),
        json,
    )


@app.command("enable")
def enable(name: Name, config: Config = None, json: Json = False) -> None:
    """Enable a disabled user."""
    _say(f"{name} can log in", _ask(config, f"enable {name}", action="change", name=name, disabled=False), json)


@app.command("role")
def change_role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="reader, writer or admin", show_default=False)],
    config: Config = None,
    json: Json = False,
) -> None:
    """Change a user's role. Sessions end."""
    _say(f"{name} is {role}", _ask(config, f"make {name} a {role}", action="change", name=name, role=role), json)


@app.command("passwd")
def passwd(
    name: Name, password_stdin: Stdin = False, generate: Generate = False, config: Config = None, json: Json = False
) -> None:
    """Set a new password. All sessions of the user end."""
    password = _password(password_stdin, generate)
    changed = _ask(config, f"set the password of {name}", action="change", name=name, password=password)
    _say(
        f"{name} has a new password",
        {**changed, **({"password": password} if generate else {})},
        json,
        password if generate else "",
    )


@app.command("token")
def token(
    name: Name,
    role: Annotated[Role, typer.Option(help="Role of the token, at most the user's own.")] = Role.READER,
    label: Annotated[str, typer.Option("--name", help="Purpose of the token.")] = "made by omnimind user token",
    days: Annotated[int, typer.Option(help="Days until the token expires; 0: never.", min=0, max=3650)] = 90,
    config: Config = None,
    json: Json = False,
) -> None:
    """Create an API token for scripts. It is printed once: Authorization: Bearer omt_…"""
    made = _ask(
        config, f"make a token for {name}", action="token", name=name, label=label, role=role, days=days or None
    )
    _say(
        f"a {role} token for {name}, {'for ' + str(days) + ' days' if days else 'without an end'}",
        made,
        json,
        made["token"],
    )


def _ask(config: Config, doing: str, **words: object) -> Any:
    from omnimind_ops import world
    from omnimind_ops.flows import users
    from omnimind_ops.settings import load

    return users.ask(world.find(load(config), paths()), paths(), doing, **words)


def _password(from_stdin: bool, generate: bool) -> str:
    if generate:
        from omnimind_ops.flows import users

        return users.generated()
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Problem(
            "cannot ask for a password", "there is no terminal to type it on", "add --password-stdin or --generate"
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _say(text: str, data: Mapping[str, Any], json: bool, secret: str = "") -> None:
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
