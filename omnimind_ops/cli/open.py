"""omnimind open: the page, in a browser where there is one."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, paths


def command(
    print_: Annotated[bool, typer.Option("--print", help="Print the address, open nothing.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Open the page in a browser. Without a desktop its address is printed; exit 1 when nobody serves it."""
    from omnimind_ops import world
    from omnimind_ops.flows.open import open_page
    from omnimind_ops.render.run import output
    from omnimind_ops.settings import load

    found = world.find(load(config), paths())
    url, opened = open_page(found, os.environ, only_print=print_ or json)
    output.said(url, {"url": url, "opened": opened}, json=json)
