"""omnimind open: open the web page, in a browser if there is one."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from omnimind_ops.cli.options import Config, Json, paths


def command(
    print_: Annotated[bool, typer.Option("--print", help="Print the address only.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Open the web page in a browser. Without a desktop, print its address. Exit code 1 if it is not served."""
    from omnimind_ops import world
    from omnimind_ops.flows.open import open_page
    from omnimind_ops.render.run import output
    from omnimind_ops.settings import load

    system = world.find(load(config), paths())
    url, opened = open_page(system, os.environ, only_print=print_ or json)
    output.message(url, {"url": url, "opened": opened}, json=json)
