"""Circuits: an example is run and its outcomes are shown; one that cannot be run says why."""

from __future__ import annotations

import re

from tests.web.tab import Tab

SECONDS = 90_000


def test_a_bell_pair_comes_out_as_two_bars(tab: Tab) -> None:
    page = tab.page
    tab.go("/quantum")
    page.get_by_label("Shots").fill("1000")
    page.get_by_role("button", name="Run", exact=True).click()
    bars = page.get_by_role("list", name="Outcomes by frequency").get_by_role("listitem")
    bars.first.wait_for(timeout=SECONDS)
    results = {text.split()[0]: int(re.sub(r"\D", "", text.split()[1])) for text in bars.all_inner_texts()}
    assert set(results) == {"00", "11"}
    assert sum(results.values()) == 1000
    assert all(400 < count < 600 for count in results.values())
    assert "answered by" in page.get_by_role("main").inner_text()


def test_every_example_can_be_run(tab: Tab) -> None:
    page = tab.page
    tab.go("/quantum")
    names = page.get_by_role("group", name="Examples").get_by_role("button").all_inner_texts()
    assert len(names) >= 3
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_role("button", name="Run", exact=True).wait_for(timeout=SECONDS)
        page.get_by_role("list", name="Outcomes by frequency").wait_for(timeout=SECONDS)
        assert page.get_by_role("main").get_by_role("alert").count() == 0, name


def test_what_is_wrong_with_a_circuit_is_said(tab: Tab) -> None:
    tab.go("/quantum")
    tab.page.get_by_label("Source").fill("OPENQASM 2.0;\nthis is no gate q[0];")
    tab.page.get_by_role("button", name="Run", exact=True).click()
    alert = tab.page.get_by_role("main").get_by_role("alert")
    alert.wait_for(timeout=SECONDS)
    assert alert.inner_text()
    refused = [fault for fault in tab.faults if "422" in fault or "400" in fault]  # what Chromium writes of any 4xx
    assert len(refused) == len(tab.faults)
    tab.faults.clear()
