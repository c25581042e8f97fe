"""Use case: open the web page."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.catalogue import Kind, services
from omnimind_ops.health import probes
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World
from omnimind_ops.tools.shell import run


def open_page(world: World, environment: Mapping[str, str], *, only_print: bool) -> tuple[str, bool]:
    """Return the page's address and whether a browser was asked to open it; raise Problem if it is not served."""
    url = f"http://localhost:{world.system.frontend_port}"
    outcome = probes.of(
        next(service for service in services(world) if service.kind is Kind.FRONTEND), world, probes.SHALLOW
    )
    if not outcome.ready:
        raise Problem(
            "cannot open the page",
            f"{url}: {outcome.why}",
            "start it with `omnimind up`; check it with `omnimind status`",
        )
    is_desktop = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    if only_print or not is_desktop:
        return url, False
    return url, run(("xdg-open", url), timeout=20, check=False).ok
