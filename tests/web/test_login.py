"""Who is not logged in sees the form; who is, the page; by keyboard alone, too."""

from __future__ import annotations

import pytest

from tests.web.conftest import OpenTab
from tests.web.site import NAME, PASSWORD
from tests.web.tab import Tab


def test_a_person_is_sent_to_the_login_and_comes_back_to_where_they_wanted_to_go(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False)
    tab.go("/?from=elsewhere")
    tab.page.wait_for_url("**/login")
    tab.log_in()
    tab.page.wait_for_url("**/?from=elsewhere")
    tab.page.get_by_text(NAME, exact=True).wait_for()


def test_the_form_can_be_used_without_a_mouse(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False)
    tab.go("/login")
    keyboard = tab.page.keyboard
    observed = []
    for _ in range(12):
        keyboard.press("Tab")
        name = tab.page.evaluate("document.activeElement.name || document.activeElement.type || ''")
        observed.append(name)
        if name == "name":
            keyboard.type(NAME)
        elif name == "password":
            keyboard.type(PASSWORD)
            keyboard.press("Enter")
            break
    assert observed[-1] == "password", observed
    tab.page.get_by_role("heading", name="Overview").wait_for()


def test_what_has_the_focus_can_be_seen(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False)
    tab.go("/login")
    tab.page.keyboard.press("Tab")
    style = "getComputedStyle(document.activeElement)"
    assert tab.page.evaluate(
        f"{style}.outlineStyle !== 'none' && parseFloat({style}.outlineWidth) >= 2 || {style}.boxShadow !== 'none'"
    )


def test_a_wrong_password_is_said_and_nothing_is_lost(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False)
    tab.go("/login")
    tab.log_in(password="not the password")
    alert = tab.page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text()
    assert tab.page.get_by_label("Name").input_value() == NAME
    refused = [fault for fault in tab.faults if "401" in fault]  # what Chromium writes of any 401
    assert len(refused) == len(tab.faults) == 1
    tab.faults.clear()


def test_logging_out_ends_the_session(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False)
    tab.go("/login")
    tab.log_in()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    tab.page.get_by_role("button", name="Log out").click()
    tab.page.wait_for_url("**/login")
    tab.go("/")
    tab.page.wait_for_url("**/login")


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/"])
def test_nobody_is_sent_elsewhere_by_a_login(open_tab: OpenTab, target: str) -> None:
    tab = open_tab(logged_in=False)
    tab.go(f"/login?from={target}")
    tab.log_in()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    assert tab.page.url.startswith(tab.site.url)


def test_scripts_of_the_page_cannot_read_the_session(tab: Tab) -> None:
    assert tab.page.evaluate("document.cookie") == ""
    assert "omt_" not in tab.page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
