"""`python -m tests.web.screenshots [FOLDER]`: every page, light and dark, 1280×800, as the pictures in docs/images/web."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from omnimind_ops.runner.history import History
from tests.embedded.system import wait
from tests.services import ROOT
from tests.web.site import Site, site
from tests.web.tab import Tab, chromium

PLACE = ROOT / "docs/images/web"
SIZE = {"width": 1280, "height": 800}
MOST_BYTES = 150_000
PORTS = (8000, 8080, 3001, 3000)
"""Those that a person sees."""
LIVE_SECONDS = 45
"""That the overview is watched, so that its charts have something to show."""
TEXTS = {
    "Tides": "The tide at Setúbal rises twice a day, and the fishing boats leave with the ebb before dawn.",
    "Bread": "Rye bread needs a sourdough that has been fed for two days, and an oven that has been hot for an hour.",
    "Comets": "In the winter of 1744 a comet with six tails was seen in full daylight above the observatory.",
    "Rails": "The night train crosses the pass in fog; the signalman counts the carriages by their lamps.",
    "Looms": "A loom with punched cards weaves a pattern that nobody has drawn by hand.",
}


def main(folder: Path) -> None:
    """Bring a system up, use it, and take the pictures."""
    with site(PORTS) as running, sync_playwright() as playwright, chromium(playwright) as browser:
        furnish(running)
        for scheme in ("light", "dark"):
            take(browser, running, scheme, folder)


def furnish(running: Site) -> None:
    """Put documents in, and measure something: what is shown has happened."""
    for title, text in TEXTS.items():
        running.call("/documents", {"title": title, "text": text, "source": "notes"})
    for case, *arguments in (
        ("embeddings", "--seconds", "20"),
        ("search", "--seconds", "20"),
        ("quantum", "--budget", "20"),
    ):
        running.system.run("bench", case, "--save", f"{case}-1", *arguments, seconds=400).ok()
    freeze_redis(running)


def freeze_redis(running: Site) -> None:
    """Let the guard find something to recover: a Redis that takes connections and answers nothing (SIGSTOP)."""
    (pid,) = running.system.pids("redis")
    os.kill(pid, signal.SIGSTOP)
    history = History(running.world.journal)
    wait("the guard's recovery", lambda: any(run.ended for run in history.summaries(limit=1)), 300)
    running.settle()


def take(browser: Browser, running: Site, scheme: str, folder: Path) -> None:
    """Take every page's picture in one scheme."""
    context = browser.new_context(locale="en-US", viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    tab = Tab(context.new_page(), running)
    tab.go("/login")
    save(tab.page, folder / f"login-{scheme}.png")
    tab.log_in()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    time.sleep(LIVE_SECONDS)
    save(tab.page, folder / f"overview-{scheme}.png")
    for path in tab.paths():
        name = path.strip("/")
        if not name:
            continue
        tab.go(OPEN.get(name, path))
        USE.get(name, lambda _page: None)(tab.page)
        tab.page.wait_for_load_state("networkidle")
        save(tab.page, folder / f"{name}-{scheme}.png")
    context.close()


def _search(page: Page) -> None:
    page.get_by_label("Query").fill("when do the ships go out?")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    page.locator("main ol > li").first.wait_for()


def _quantum(page: Page) -> None:
    page.get_by_role("button", name="GHZ", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("list", name="Outcomes by frequency").wait_for(timeout=120_000)
    page.mouse.move(640, 400)
    page.mouse.wheel(0, 420)
    page.wait_for_timeout(500)


def _embeddings(page: Page) -> None:
    page.get_by_role("button", name="Use the example").click()
    page.get_by_role("button", name="Embed", exact=True).click()
    page.get_by_role("heading", name="Similarity").wait_for(timeout=60_000)


USE = {"search": _search, "quantum": _quantum, "embeddings": _embeddings}
OPEN = {"bench": "/bench?open=embeddings-1"}


def save(page: Page, file: Path) -> None:
    """Write a picture with as many colours as keep it small."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        flat = picture.convert("RGB")
    for colours in (256, 128, 64, 32):
        flat.quantize(colours, dither=Image.Dither.NONE).save(file, optimize=True)
        if file.stat().st_size <= MOST_BYTES:
            break
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB, {colours} colours")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
