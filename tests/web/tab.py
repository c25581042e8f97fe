"""One tab of Chromium, and all that went wrong in it: console errors, exceptions, refusals of the content security
policy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from tests.web.site import NAME, PASSWORD, Site

ARGUMENTS = (
    "--no-proxy-server",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
BROKEN_NETWORK = (
    "Failed to load resource: net::",
    "WebSocket connection to",
    "Failed to load resource: the server responded with a status of 503",
)
"""What Chromium itself writes when a server is not there; no page can prevent it."""
PATIENCE_MS = 30_000
"""For anything that should be seen soon: the machine that runs this may be busy."""


def program() -> str:
    """Chromium; where there is none the tests say so."""
    result = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not result:
        why = "Chromium is not installed"
        assert os.environ.get("OMNIMIND_REQUIRE_HOSTS") != "1", why
        pytest.skip(why)
    return result


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Run it for the block."""
    sandbox = () if os.geteuid() else ("--no-sandbox",)
    browser = playwright.chromium.launch(executable_path=program(), args=[*ARGUMENTS, *sandbox])
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Tab:
    """A tab on the site. `faults` is what a person with the developer tools open would see in red."""

    page: Page
    site: Site
    faults: list[str] = field(default_factory=list)
    network_may_break: bool = False

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`))"
        )

    def go(self, path: str = "/") -> None:
        """Open a path of the page and wait until its heading is there."""
        self.page.goto(f"{self.site.url}{path}")
        self.ready()

    def ready(self) -> None:
        """Wait for the page's heading, and until nothing loads any more."""
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.page.wait_for_load_state("networkidle")

    def log_in(self, name: str = NAME, password: str = PASSWORD) -> None:
        """Fill the form in and send it."""
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def paths(self) -> list[str]:
        """The menu's pages, as a person finds them."""
        self.page.locator("nav a").first.wait_for(state="attached")
        return list(
            self.page.evaluate("[...document.querySelectorAll('nav a')].map(link => link.getAttribute('href'))")
        )

    def reads(self, count: int, path: str = "/health/live", pause_ms: int = 0) -> dict[str, Any]:
        """Read so often through the page's own cluster client; answers by backend, and what failed."""
        return dict(self.page.evaluate(READS, [count, path, pause_ms]))

    def start_reads(self, count: int, path: str = "/health/live", pause_ms: int = 0) -> None:
        """The same, in the page's background; `finished_reads` waits for it."""
        self.page.evaluate(f"words => {{ window.reads = ({READS})(words) }}", [count, path, pause_ms])

    def finished_reads(self) -> dict[str, Any]:
        """What start_reads() came to."""
        return dict(self.page.evaluate("async () => await window.reads"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (self.network_may_break and message.text.startswith(BROKEN_NETWORK)):
            self.faults.append(f"console: {message.text} ({message.location.get('url')})")


READS = """async ([count, path, pauseMs]) => {
  const by = {}, failed = [];
  for (let number = 0; number < count; number += 1) {
    try {
      const answer = await window.omnimind.cluster.send({ path });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const backend = (answer.headers.get("x-backend") ?? "?").split("/")[0];
      by[backend] = (by[backend] ?? 0) + 1;
    } catch (error) { failed.push(String(error)); }
    if (pauseMs) await new Promise(done => setTimeout(done, pauseMs));
  }
  return { by, failed };
}"""
