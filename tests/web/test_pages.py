"""Embeddings, Bench and Runs: what they show is what the machine did."""

from __future__ import annotations

import json

from omnimind_ops.flows import recovery
from omnimind_ops.health.recovery_actions import Escalation, Restart
from omnimind_ops.runner.journal import Journal
from tests.backend.history.test_bench import RESULT
from tests.web.tab import Tab


def test_texts_are_embedded_and_compared(tab: Tab) -> None:
    page = tab.page
    tab.go("/embeddings")
    page.get_by_role("button", name="Use the example").click()
    page.get_by_role("button", name="Embed", exact=True).click()
    page.get_by_role("heading", name="Similarity").wait_for(timeout=60_000)
    main = page.get_by_role("main").inner_text()
    assert "384" in main
    assert "answered by" in main


def test_the_second_time_the_cache_answers(tab: Tab) -> None:
    page = tab.page
    tab.go("/embeddings")
    page.get_by_label("Texts, one per line").fill("a text that only this test embeds\nand another one")
    for expected in ("0 of 2", "2 of 2"):
        page.get_by_role("button", name="Embed", exact=True).click()
        page.get_by_text(expected).first.wait_for(timeout=60_000)


def test_a_result_of_the_bench_is_shown(tab: Tab) -> None:
    folder = tab.site.system.state / "bench"
    tab.go("/bench")
    folder.mkdir(exist_ok=True)
    (folder / "from-the-test.json").write_text(json.dumps({**RESULT, "name": "from-the-test"}))
    try:
        tab.go("/bench")
        tab.page.get_by_text("from-the-test").first.wait_for()
        tab.go("/bench?open=from-the-test")
        tab.page.get_by_text("tokenise").first.wait_for(state="attached")
    finally:
        (folder / "from-the-test.json").unlink()


def test_a_recovery_by_the_guard_is_shown_with_what_it_did(tab: Tab) -> None:
    world = tab.site.world
    record = recovery.RecoveryLog(world, lambda _event: None)
    act = Restart("backend-8080", Escalation.WORKER, ("backend-8080-1",), 1, "was silent for this test")
    record.started(act)
    record.ended(act, 0.4)
    record.recovered("backend-8080")
    with Journal(world.journal) as journal:
        run = journal.runs()[0].id
    tab.go("/runs")
    tab.page.get_by_text("backend-8080").first.wait_for()
    tab.page.locator(f"a[href*='{run}'], button:has-text('{run}')").or_(
        tab.page.get_by_text("was silent for this test")
    ).first.click()
    tab.page.get_by_text("has recovered").first.wait_for()
