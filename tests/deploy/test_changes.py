"""What a converge takes from the settings of today, and what it keeps from the run that made the host native."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from omnimind_ops.cli.options import with_options
from omnimind_ops.flows.run_inputs import goal_now
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.settings import FaultsError, Settings, settings

BEGAN = Goal(model="/srv/models/e5", workers=3, collection="thoughts")


def run() -> Run:
    return Run(
        "r1", Plan("migrate", ()), RunState.CONFIRMED, {"goal": asdict(BEGAN)}, "2026-11-23T10:00:00+00:00", None, ()
    )


def test_what_the_settings_do_not_name_stays_as_the_migration_left_it() -> None:
    assert goal_now(run(), Settings()) == BEGAN


def test_model_mode_and_open_reads_follow_the_settings() -> None:
    assert goal_now(run(), settings(model="", mode="fast", open_reads=True)) == replace(
        BEGAN, model="", mode="fast", open_reads=True
    )


def test_a_folder_of_wheels_named_by_an_option_goes_before_the_one_of_the_migration() -> None:
    """After an upgrade the old folder lacks what the new locks ask for."""
    assert goal_now(run(), with_options(Settings(), wheelhouse=Path("/new"))) == replace(BEGAN, wheelhouse="/new")


def test_ports_names_and_places_of_data_do_not() -> None:
    assert (
        goal_now(run(), settings(workers=1, collection="other", uploads="/srv/uploads", backend_ports=(9000,))) == BEGAN
    )


@pytest.mark.parametrize(
    "model", ["", "/srv/models/my e5", "intfloat/e5-small-v2", "sentence-transformers/all-MiniLM-L6-v2"]
)
def test_a_model_is_a_folder_or_a_name_on_a_hub(model: str) -> None:
    assert settings(model=model).model == model


@pytest.mark.parametrize(
    "model", ["models/e5/", "../e5", "https://hub/e5", "e5 small", "a/b/c", "/srv/a\nExecStart=x", "/srv/a\n"]
)
def test_anything_else_is_refused(model: str) -> None:
    with pytest.raises(FaultsError, match="model"):
        settings(model=model)
