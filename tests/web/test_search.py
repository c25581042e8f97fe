"""Documents: added as text and as a file, found by their meaning, opened and deleted."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.tab import Tab

BOAT = "On Tuesday the green boat left the harbour of Setúbal with a crew of four and a parrot."
BREAD = "The bakery in the old street sells rye bread from six in the morning."
QUESTION = "which vessel sailed away?"


def test_a_person_adds_a_text_and_finds_it_by_its_meaning(tab: Tab) -> None:
    page = tab.page
    tab.go("/search")
    page.get_by_role("tab", name="Text").click()
    for text in (BREAD, BOAT):
        page.get_by_role("textbox", name="Text").fill(text)
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("status").get_by_text(re.compile("^(added|already exists)$")).wait_for()
    search(tab, QUESTION)
    page.locator("main ol > li").first.get_by_text("harbour of Setúbal").first.wait_for()
    assert "answered by" in page.get_by_role("main").inner_text()


def test_a_file_is_uploaded_with_its_progress_and_found(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    tab.go("/search")
    file = tmp_path / "observatory.md"
    file.write_text("# Observatory\n\nThe telescope on the hill saw three comets in one winter night.\n" * 30)
    page.get_by_label(re.compile("Drop files here")).set_input_files(file)
    page.get_by_role("list", name="Files").get_by_text(re.compile("^(added|already exists)$")).wait_for(timeout=90_000)
    search(tab, "astronomers watching the sky")
    page.locator("main ol > li").first.get_by_text("comets").first.wait_for()


def test_the_address_of_a_search_can_be_kept(tab: Tab) -> None:
    tab.go("/search")
    search(tab, QUESTION)
    tab.page.locator("main ol > li").first.wait_for()
    kept = tab.page.url
    assert "q=" in kept
    tab.go("/")
    tab.page.goto(kept)
    tab.page.locator("main ol > li").first.wait_for()
    assert tab.page.get_by_label("Query").input_value() == QUESTION
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Overview").wait_for()


def test_nothing_found_says_what_to_do(tab: Tab) -> None:
    tab.go("/search?q=boat&filter=source%3Anowhere-at-all")
    tab.page.get_by_text("No results").wait_for()


def test_a_document_is_opened_read_and_deleted(tab: Tab) -> None:
    page = tab.page
    tab.site.call("/documents", {"text": "A note that is going to be deleted again.", "title": "Short-lived note"})
    tab.go("/search")
    page.get_by_role("button", name="Short-lived note").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("going to be deleted").wait_for()
    dialog.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    dialog.wait_for(state="hidden")
    page.get_by_role("button", name="Short-lived note").wait_for(state="hidden")


def test_markup_in_a_document_is_text(tab: Tab) -> None:
    """No content of anybody's becomes part of the page."""
    tab.site.call(
        "/documents",
        {
            "text": "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> zebra crossing",
            "title": "<b>bold</b> & co",
        },
    )
    tab.go("/search?q=zebra+crossing")
    tab.page.locator("main ol > li").first.get_by_text("onerror").first.wait_for()
    assert tab.page.locator("main img").count() == 0
    assert "taken" not in tab.page.title()


def search(tab: Tab, question: str) -> None:
    """Ask as a person does."""
    tab.page.get_by_label("Query").fill(question)
    tab.page.get_by_role("search").get_by_role("button", name="Search").click()
