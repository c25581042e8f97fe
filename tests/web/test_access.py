"""Every page for everybody: axe finds nothing in light and dark, nothing is wider than a small phone, and nothing moves
for who wants it still.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.services import ROOT
from tests.web.conftest import OpenTab
from tests.web.tab import Tab

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
PHONE = {"width": 360, "height": 740}
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map(v => ({ id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + ' | ' + n.failureSummary) }))"
WIDE = """() => [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  if (box.right <= innerWidth + 1 || box.width === 0) return false;
  for (let up = one.parentElement; up; up = up.parentElement) if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).map(one => one.outerHTML.slice(0, 120))"""
MOVING = """() => document.getAnimations().filter(one => one.playState === 'running' && Number(one.effect.getComputedTiming().duration) > 10)
  .map(one => `${one.animationName ?? one.transitionProperty} on ${one.effect.target.outerHTML.slice(0, 100)}`)"""


def axe(tab: Tab) -> list[dict[str, Any]]:
    """What axe finds, and where."""
    if not AXE.exists():
        pytest.fail("axe-core is not installed: bash .ci/prepare")
    if not tab.page.evaluate("typeof axe === 'object'"):
        tab.page.evaluate(AXE.read_text())
    return list(tab.page.evaluate(RUN))


def everywhere(tab: Tab) -> list[str]:
    """Every page behind the login, the login, and a path that leads nowhere."""
    tab.go("/")
    result = tab.paths()
    assert "/" in result
    return [*result, "/nowhere"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(open_tab: OpenTab, scheme: str) -> None:
    tab = open_tab(color_scheme=scheme, reduced_motion="reduce")
    results = {}
    for path in everywhere(tab):
        tab.go(path)
        results[path] = axe(tab)
    assert results == {path: [] for path in results}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_login(open_tab: OpenTab, scheme: str) -> None:
    tab = open_tab(logged_in=False, color_scheme=scheme, reduced_motion="reduce")
    tab.go("/login")
    assert axe(tab) == []


def test_the_chosen_theme_stays_and_is_there_before_the_first_paint(open_tab: OpenTab) -> None:
    tab = open_tab(color_scheme="light")
    tab.go("/")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = tab.page.evaluate(background)
    tab.page.get_by_label("Theme").select_option(label="Dark")
    dark = tab.page.evaluate(background)
    assert dark != light
    tab.page.reload(wait_until="commit")
    tab.page.wait_for_function("() => document.body !== null")
    assert tab.page.evaluate(background) == dark
    tab.ready()


def test_nothing_is_wider_than_a_small_phone(open_tab: OpenTab) -> None:
    tab = open_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    for path in everywhere(tab):
        tab.go(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], (
            path,
            tab.page.evaluate(WIDE),
        )


def test_the_login_fits_a_small_phone(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False, viewport=PHONE, has_touch=True, is_mobile=True)
    tab.go("/login")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_menu_of_a_phone_opens_and_leads_somewhere(open_tab: OpenTab) -> None:
    tab = open_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    tab.go("/")
    menu = tab.page.get_by_role("button", name="Menu")
    link = tab.page.get_by_role("navigation").get_by_role("link").last
    assert not link.is_visible()
    menu.click()
    assert menu.get_attribute("aria-expanded") == "true"
    link.click()
    tab.page.wait_for_function("() => location.pathname !== '/'")
    link.wait_for(state="hidden")
    tab.ready()


def test_nothing_moves_for_who_wants_it_still(open_tab: OpenTab) -> None:
    tab = open_tab(reduced_motion="reduce")
    for path in everywhere(tab):
        tab.page.goto(f"{tab.site.url}{path}", wait_until="commit")
        tab.page.wait_for_function("() => document.querySelector('h1') !== null")
        assert tab.page.evaluate(MOVING) == [], path
        tab.ready()
        assert tab.page.evaluate(MOVING) == [], path


def test_every_page_can_be_reached_without_a_mouse(open_tab: OpenTab) -> None:
    tab = open_tab()
    for path in everywhere(tab)[:-1]:
        tab.go("/nowhere")
        tab.page.locator("body").focus()
        for _ in range(40):
            tab.page.keyboard.press("Tab")
            if (
                tab.page.evaluate(
                    "document.activeElement.closest('nav') && document.activeElement.getAttribute('href')"
                )
                == path
            ):
                break
        else:
            raise AssertionError(f"40 times Tab do not lead to {path}")
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_function("path => location.pathname === path", arg=path)


def test_the_first_tab_skips_the_menu(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.go("/")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.getAttribute('href')") == "#page"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "page"
