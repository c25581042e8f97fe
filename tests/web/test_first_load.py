"""The first load: how much comes, in which shape, and how soon something is to be seen."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.sync_api import Response

from tests.web.conftest import OpenTab
from tests.web.tab import Tab

MOST_JS = 200_000
"""Bytes of JavaScript on the wire."""
TIMES = """() => new Promise(done => {
  const seen = { lcp: 0 };
  new PerformanceObserver(list => { for (const one of list.getEntries()) seen.lcp = one.startTime }).observe({ type: 'largest-contentful-paint', buffered: true });
  setTimeout(() => {
    const [page] = performance.getEntriesByType('navigation');
    seen.ttfb = page.responseStart;
    seen.fcp = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    seen.shift = window.shift ?? 0;
    done(seen);
  }, 1000);
})"""
SHIFT = "window.shift = 0; new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value }).observe({ type: 'layout-shift', buffered: true })"

FETCHED = "() => performance.getEntriesByType('resource').filter(one => one.name.includes('/assets/') && one.transferSize > 0).map(one => one.name)"


def loaded(tab: Tab, path: str) -> list[Response]:
    """Every answer of the page's own server to a first load."""
    results: list[Response] = []
    tab.page.on("response", lambda answer: results.append(answer) if answer.url.startswith(tab.site.url) else None)
    tab.go(path)
    return results


def scripts(answers: list[Response]) -> list[Response]:
    return [answer for answer in answers if "javascript" in answer.headers.get("content-type", "")]


def on_the_wire(answers: list[Response]) -> int:
    return sum(int(answer.headers["content-length"]) for answer in answers)


def test_the_first_load_is_light_and_soon_to_be_seen(open_tab: OpenTab) -> None:
    for name, path, logged_in in (("login", "/login", False), ("overview", "/", True)):
        tab = open_tab(logged_in=logged_in)
        tab.page.add_init_script(SHIFT)
        answers = loaded(tab, path)
        times: dict[str, Any] = tab.page.evaluate(TIMES)
        size = on_the_wire(scripts(answers))
        print(
            f"{name}: {size / 1000:.1f} kB of JavaScript in {len(scripts(answers))} files, {on_the_wire(answers) / 1000:.1f} kB in all; "
            f"TTFB {times['ttfb']:.0f} ms, FCP {times['fcp']:.0f} ms, LCP {times['lcp']:.0f} ms, layout shift {times['shift']:.3f}"
        )
        assert size <= MOST_JS
        assert times["fcp"] > 0
        assert times["shift"] < 0.1


def test_the_first_load_is_light_for_a_browser_that_knows_only_gzip(open_tab: OpenTab) -> None:
    tab = open_tab()
    size = 0
    for script in scripts(loaded(tab, "/")):
        answer = httpx.get(script.url, headers={"accept-encoding": "gzip"}, trust_env=False)
        assert answer.headers.get("content-encoding") == "gzip" or len(answer.content) < 1000
        size += int(answer.headers["content-length"])
    print(f"overview, gzip: {size / 1000:.1f} kB of JavaScript")
    assert 0 < size <= MOST_JS


def test_everything_comes_compressed_and_from_this_machine(open_tab: OpenTab) -> None:
    tab = open_tab()
    hosts: set[str] = set()
    tab.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    answers = loaded(tab, "/")
    for script in scripts(answers):
        assert script.headers.get("content-encoding") or int(script.headers["content-length"]) < 1000, script.url
    ours = {f"localhost:{port}" for port in (*tab.site.ports, tab.site.system.ports[3])}
    assert hosts <= ours


def test_a_second_load_takes_nothing_but_the_page_itself(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.go("/")
    assert tab.page.evaluate(FETCHED)
    tab.page.goto("about:blank")
    tab.go("/")
    assert tab.page.evaluate(FETCHED) == []


def test_source_maps_are_not_there(open_tab: OpenTab) -> None:
    tab = open_tab()
    answers = scripts(loaded(tab, "/"))
    assert answers
    for answer in answers:
        assert "sourceMappingURL" not in answer.text()
        assert tab.page.request.get(f"{answer.url}.map").status == 404
