"""English, and Portuguese as it is spoken in Brazil."""

from __future__ import annotations

import pytest

from tests.web.conftest import OpenTab
from tests.web.tab import Tab

TEXTS = "() => [...document.querySelectorAll('nav a, h1, h2, main button, label')].map(one => one.textContent.trim()).filter(text => /[a-z]{4}/i.test(text))"


@pytest.mark.parametrize("locale", ["pt-BR", "pt-PT"])
def test_who_reads_portuguese_is_shown_portuguese(open_tab: OpenTab, locale: str) -> None:
    tab = open_tab(logged_in=False, locale=locale)
    tab.go("/login")
    assert tab.page.evaluate("document.documentElement.lang") == "pt-BR"
    tab.page.get_by_role("button", name="Entrar").wait_for()
    tab.page.get_by_label("Senha").wait_for()


def test_another_language_is_english(open_tab: OpenTab) -> None:
    tab = open_tab(logged_in=False, locale="de-DE")
    tab.go("/login")
    assert tab.page.evaluate("document.documentElement.lang") == "en"
    tab.page.get_by_role("button", name="Log in").wait_for()


def test_the_choice_stays(tab: Tab) -> None:
    tab.page.get_by_label("Language").select_option("pt-BR")
    tab.page.wait_for_function("() => document.documentElement.lang === 'pt-BR'")
    tab.page.reload()
    tab.ready()
    assert tab.page.evaluate("document.documentElement.lang") == "pt-BR"


def test_every_page_has_its_own_words_in_both_languages(open_tab: OpenTab) -> None:
    english, portuguese = open_tab(), open_tab(locale="pt-BR")
    english.go("/")
    for path in english.paths():
        english.go(path)
        portuguese.go(path)
        assert "." not in portuguese.page.title().partition(" · ")[0], "a key without a translation"
        item, two = (set(tab.page.evaluate(TEXTS)) for tab in (english, portuguese))
        assert len(item & two) < 0.5 * len(item), (path, sorted(item & two))
