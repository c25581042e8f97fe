"""What the plan says first: how long Redis' writes will be held."""

from __future__ import annotations

import pytest

from omnimind_ops.stores.redis import predict
from omnimind_ops.stores.redis.predict import held, sentence
from tests.stores.redis.servers import REDIS, client, served


def test_a_server_that_is_handed_over_at_once_says_nothing() -> None:
    with served(REDIS, "--save", "3600 1") as source:
        assert held(source, hot=True, save_first=False) == ""


def test_each_reason_is_named_with_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "SAVED_A_SECOND", 100_000)
    monkeypatch.setattr(predict, "PLACED_A_SECOND", 100_000)
    with served(REDIS, "--save", "3600 1") as source:
        text = held(source, hot=False, save_first=False)
        assert "saves its data for the last time" in text and "loads a dump" in text and "PSYNC" not in text
        assert "loads a dump" not in held(source, hot=True, save_first=False)
        client(source).config_set("appendonly", "yes")
        assert held(source, hot=True, save_first=False) == ""


def test_a_server_that_cannot_be_followed_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "WORTH_SAYING", 0.0)
    with served(REDIS, "--rename-command", "PSYNC", "hidden") as source:
        assert held(source, hot=True, save_first=False) == ""
        client(source).mset({f"key {n}": "x" * 100 for n in range(5000)})
        assert "Redis' writes will be held" in held(source, hot=True, save_first=False)


def test_the_sentence_names_what_counts() -> None:
    assert sentence([(1.0, "a"), (0.9, "b")]) == ""
    assert "about 5 s" in sentence([(4.6, "a"), (0.1, "b")]) and "a: 5 s)" in sentence([(4.6, "a"), (0.1, "b")])
