"""One system, one browser, one login for all tests of this folder; a tab for each.

A fault that a tab saw fails its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.web.site import Site, site
from tests.web.tab import Tab, chromium

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def running() -> Iterator[Site]:
    """The system."""
    with site() as result:
        yield result


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright, chromium(playwright) as result:
        yield result


@pytest.fixture(scope="session")
def session(browser: Browser, running: Site) -> StorageState:
    """The cookie of a login through the form; nothing else that a browser keeps."""
    context = browser.new_context(locale="en-US")
    tab = Tab(context.new_page(), running)
    tab.go("/login")
    tab.log_in()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    state = context.storage_state()
    context.close()
    assert tab.faults == []
    return {"cookies": state["cookies"], "origins": []}


@pytest.fixture
def open_tab(browser: Browser, running: Site, request: pytest.FixtureRequest) -> Iterator[OpenTab]:
    """Open tabs, logged in unless told otherwise; further words are those of Playwright's new_context()."""
    with ExitStack() as stack:
        tabs: list[Tab] = []

        def open(*, logged_in: bool = True, **words: Any) -> Tab:
            state = {"storage_state": request.getfixturevalue("session")} if logged_in else {}
            context = browser.new_context(
                **{"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **state, **words}
            )
            stack.callback(context.close)
            tabs.append(Tab(context.new_page(), running))
            return tabs[-1]

        yield open
        faults = [fault for tab in tabs for fault in tab.faults]
    assert faults == []


@pytest.fixture
def tab(open_tab: OpenTab) -> Tab:
    """A tab on the overview, logged in."""
    result = open_tab()
    result.go("/")
    return result
