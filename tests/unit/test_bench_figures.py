"""Percentiles, histograms and noise: what a few numbers may say of many."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from omnimind_ops.bench import noise
from omnimind_ops.bench.figures import NAMES, figures, histogram, percentile

VALUES = [float(value) for value in np.random.default_rng(1).lognormal(3, 0.6, 997)]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 0.99, 1.0])
def test_percentiles_are_those_of_numpy(share: float) -> None:
    assert percentile(sorted(VALUES), share) == pytest.approx(np.percentile(VALUES, share * 100))


def test_the_figures_are_all_there_and_of_all_values() -> None:
    result = figures(VALUES)
    assert tuple(result) == NAMES
    assert (result["min_ms"], result["max_ms"]) == (round(min(VALUES), 4), round(max(VALUES), 4))
    assert result["sd_ms"] == pytest.approx(statistics.stdev(VALUES), abs=1e-3)
    assert result["total_ms"] == pytest.approx(sum(VALUES), abs=1e-3)
    assert figures(VALUES, 7.0)["total_ms"] == 7.0


def test_one_value_has_no_deviation_and_none_has_no_figures() -> None:
    assert figures([3.0]) == dict.fromkeys(NAMES, 3.0) | {"sd_ms": 0.0}
    assert figures([]) == dict.fromkeys(NAMES)


@pytest.mark.parametrize("values", [VALUES, [1.0], [2.0] * 50, [1.0, 2.0], [5.0] * 200 + [9000.0]])
def test_every_value_is_in_one_bucket_of_the_histogram(values: list[float]) -> None:
    result = histogram(values)
    assert sum(count for _, _, count in result) == len(values)
    assert result[0][0] == round(min(values), 4)
    assert result[-1][1] == round(max(values), 4)
    assert all(item[1] == other[0] for item, other in zip(result, result[1:], strict=False))


def test_few_outliers_do_not_flatten_the_histogram() -> None:
    result = histogram([*np.linspace(10, 20, 500), 5000.0])
    assert max(count for _, _, count in result) < 100
    assert result[-1][1] == 5000.0


def test_repeats_that_agree_are_stable_and_enough() -> None:
    assert noise.noise([10.0, 10.1, 10.2]).verdict == "stable"
    assert noise.enough([10.0, 10.1, 10.2])


def test_repeats_that_differ_are_unstable_and_go_on_to_the_cap() -> None:
    wild = [10.0, 14.0, 11.0, 18.0]
    assert noise.noise(wild).verdict == "unstable"
    assert not noise.enough(wild)
    assert noise.enough(wild, most=4)


@pytest.mark.parametrize("few", [[], [10.0], [10.0, 10.0]])
def test_too_few_repeats_are_never_called_stable(few: list[float]) -> None:
    assert noise.noise(few).verdict == "unstable"
    assert not noise.enough(few)
