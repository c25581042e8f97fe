"""The overview: every service, alive, and charts that move."""

from __future__ import annotations

import time

from tests.web.conftest import OpenTab
from tests.web.tab import Tab

LINES = "[...document.querySelectorAll('main figure path')].map(path => path.getAttribute('d')).join('\\n')"


def test_every_service_is_shown(tab: Tab) -> None:
    main = tab.page.get_by_role("main")
    for name in ("Redis", "Qdrant", "Engine"):
        main.get_by_text(name, exact=False).first.wait_for()
    for port in tab.site.ports:
        assert main.get_by_text(f":{port}").first.is_visible()


def test_the_charts_move(tab: Tab) -> None:
    observed = set()
    end = time.monotonic() + 40
    while len(observed) < 4:
        assert time.monotonic() < end, f"{len(observed)} pictures"
        if lines := tab.page.evaluate(LINES):
            observed.add(lines)
        time.sleep(0.4)


def test_a_machine_without_a_gpu_says_so_and_that_this_is_meant(tab: Tab) -> None:
    tab.page.get_by_text("No GPU detected").wait_for()


def test_the_charts_go_on_after_another_page_was_visited(tab: Tab) -> None:
    page = tab.page
    page.get_by_role("navigation").get_by_role("link").nth(1).click()
    tab.ready()
    page.get_by_role("navigation").get_by_role("link").first.click()
    tab.ready()
    test_the_charts_move(tab)


def test_two_tabs_of_one_person_are_both_live(open_tab: OpenTab) -> None:
    for item in (open_tab(), open_tab()):
        item.go("/")
        test_the_charts_move(item)
