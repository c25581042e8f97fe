"""The page's own load balancing, seen from the page: reads are spread evenly, and no dead backend is noticed while
another one lives.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

import pytest

from tests.web.conftest import OpenTab
from tests.web.site import Site
from tests.web.tab import Tab

READ = "/documents?limit=1"
DOWN = re.compile("No backend is responding")


@pytest.fixture(autouse=True)
def whole(running: Site) -> Iterator[None]:
    """Every backend is there before a test and after it."""
    running.settle()
    yield
    running.settle()


def test_300_reads_are_spread_over_the_three_backends(tab: Tab) -> None:
    result = tab.reads(300, READ)
    assert result["failed"] == []
    assert set(result["by"]) == {str(port) for port in tab.site.ports}
    assert all(95 <= count <= 105 for count in result["by"].values()), result["by"]


def test_reads_side_by_side_are_spread_too(tab: Tab) -> None:
    tab.page.evaluate(
        "window.many = Promise.all([...Array(10)].map(async () => { const n = {}; for (let i = 0; i < 30; i++) { const a = await omnimind.cluster.send({ path: '/health/live' }); const b = a.headers.get('x-backend').split('/')[0]; n[b] = (n[b] ?? 0) + 1 } return n }))"
    )
    counts: dict[str, int] = {}
    for item in tab.page.evaluate("async () => await window.many"):
        for backend, count in item.items():
            counts[backend] = counts.get(backend, 0) + count
    assert sum(counts.values()) == 300
    assert all(95 <= count <= 105 for count in counts.values()), counts


def test_a_killed_backend_is_not_noticed_by_200_reads(tab: Tab) -> None:
    tab.network_may_break = True
    tab.start_reads(200, READ, pause_ms=20)
    time.sleep(0.5)
    tab.site.kill(tab.site.ports[0])
    result = tab.finished_reads()
    assert result["failed"] == []
    assert sum(result["by"].values()) == 200


def test_a_backend_that_is_killed_again_and_again_is_not_noticed(tab: Tab) -> None:
    """It never gets far: whoever was sent there has to be sent elsewhere."""
    tab.network_may_break = True
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.1):
            tab.site.kill_steadily(tab.site.ports[1])

    killer = threading.Thread(target=kill)
    tab.start_reads(200, READ, pause_ms=20)
    killer.start()
    try:
        result = tab.finished_reads()
    finally:
        stop.set()
        killer.join()
    assert result["failed"] == []
    assert sum(result["by"].values()) == 200


def test_with_two_backends_gone_the_third_does_all(tab: Tab) -> None:
    tab.network_may_break = True
    first, second, third = tab.site.ports
    with tab.site.without(first, second):
        result = tab.reads(60, READ)
        assert result["failed"] == []
        assert result["by"] == {str(third): 60}
        assert not tab.page.get_by_text(DOWN).is_visible()
        tab.go("/")
        tab.page.get_by_role("heading", name="Overview").wait_for()


def test_a_backend_that_is_back_is_used_again(tab: Tab) -> None:
    tab.network_may_break = True
    first, *_ = tab.site.ports
    with tab.site.without(first):
        assert str(first) not in tab.reads(30)["by"]
    end = time.monotonic() + 60
    while str(first) not in tab.reads(6)["by"]:
        assert time.monotonic() < end
        time.sleep(0.5)


def test_with_all_gone_the_page_says_so_and_goes_on_by_itself(tab: Tab) -> None:
    tab.network_may_break = True
    with tab.site.without(*tab.site.ports):
        tab.start_reads(1, READ)
        tab.page.get_by_text(DOWN).first.wait_for(timeout=60_000)
        assert len(tab.finished_reads()["failed"]) == 1
    tab.page.get_by_text(DOWN).first.wait_for(state="hidden", timeout=60_000)
    assert tab.reads(3, READ)["failed"] == []


def test_a_page_that_is_opened_while_nobody_answers_comes_up_when_somebody_does(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.network_may_break = True
    with tab.site.without(*tab.site.ports):
        tab.page.goto(tab.site.url)
        tab.page.get_by_text(DOWN).first.wait_for(timeout=60_000)
    tab.page.get_by_role("heading", name="Overview").wait_for(timeout=60_000)


def test_the_live_charts_go_on_from_another_backend(tab: Tab) -> None:
    tab.network_may_break = True
    tab.page.evaluate("window.sockets = performance.now()")
    before = ticks(tab)
    for port in tab.site.ports[:2]:
        tab.site.kill(port)
    end = time.monotonic() + 60
    while ticks(tab) == before:
        assert time.monotonic() < end
        time.sleep(0.3)


def ticks(tab: Tab) -> str:
    """What the live part of the overview shows at this moment."""
    return tab.page.get_by_role("main").inner_text() + str(
        tab.page.evaluate("[...document.querySelectorAll('main path')].map(p => p.getAttribute('d')).join()")
    )
