"""The share of variance within prompts, against what is written out."""

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import kurtosis, t
from tests.evaluation.dense import scored

from proxyreward.evaluation import spread
from proxyreward.evaluation.sample import Sample
from proxyreward.metrics.estimates import Interval


def found(rows, sample=None):
    """Share of scores, a list for each prompt; those of equally many make a block."""
    rows = [np.asarray(row, dtype=float) for row in rows]
    longest = max(map(len, rows))
    values = np.array([[*row, *[np.nan] * (longest - len(row))] for row in rows])
    scores = scored([values])
    blocks = scores.blocks("a")
    return spread.share(*spread.squares(blocks, 0, len(rows)), sample or Sample(scores))


def plain(rows):
    """Sums of squares within prompts and between them."""
    middle = np.concatenate(rows).mean()
    within = sum(((row - row.mean()) ** 2).sum() for row in rows)
    return within, sum(len(row) * (row.mean() - middle) ** 2 for row in rows)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return [rng.normal(size=k) + rng.normal() for k in rng.integers(2, 7, 20)]


def test_the_share_is_that_of_sums_of_squares_about_two_means(rows):
    within, between = plain(rows)
    everything = np.concatenate(rows)
    assert within + between == pytest.approx(((everything - everything.mean()) ** 2).sum())
    assert found(rows).estimate == pytest.approx(within / (within + between))


@pytest.mark.parametrize("clusters", [20, 7])
def test_the_interval_is_that_of_the_jackknife_written_out(rows, clusters):
    group = np.arange(20) % clusters
    sample = Sample(scored(np.zeros((1, 20, 2)), cluster=group.astype(str)))
    whole = np.log(np.divide(*plain(rows)))
    left = [
        np.log(np.divide(*plain([row for row, of in zip(rows, group) if of != one])))
        for one in range(clusters)
    ]
    pseudo = clusters * whole - (clusters - 1) * np.array(left)
    freedom = 2 / (2 / (clusters - 1) + kurtosis(pseudo) / clusters)
    half = t.ppf(0.975, min(freedom, clusters - 1)) * pseudo.std(ddof=1) / np.sqrt(clusters)
    interval = found(rows, sample)
    np.testing.assert_allclose(logit(interval.low), pseudo.mean() - half, atol=1e-9)
    np.testing.assert_allclose(logit(interval.high), pseudo.mean() + half, atol=1e-9)


def test_an_outlier_among_prompts_costs_degrees_of_freedom():
    even = np.tile([1.0, -1.0], 10)
    assert spread._freedom(even) == 19  # lighter tails than those of normal numbers gain none
    assert spread._freedom(np.zeros(20)) == 19
    assert 2 < spread._freedom(np.append(even, 20)) < 3


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_unit_and_zero_of_the_scores_do_not_matter(rows, scale, shift):
    moved = [scale * (row + shift) for row in rows]
    np.testing.assert_allclose(found(moved), found(rows), rtol=1e-6)


def test_where_one_prompt_has_all_of_the_spread_the_interval_stays_within_its_ends():
    rows = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 3.0]]
    interval = found(rows)
    assert 0 <= interval.low < interval.estimate < interval.high <= 1


def test_scores_that_differ_only_between_prompts_or_only_within_are_at_an_end():
    assert found([[0, 0], [1, 1], [2, 2]]).estimate == 0
    assert found([[0, 1], [1, 0], [0, 1]]).estimate == 1


def test_constant_scores_have_no_share():
    assert np.isnan(found([[1, 1], [1, 1], [1, 1]])).all()
    nothing = spread.squares([], 0, 3)
    assert np.isnan(nothing).all()
    assert np.isnan(spread.share(*nothing, Sample(scored(np.zeros((1, 3, 2)))))).all()


def test_two_prompts_have_an_estimate_and_an_interval_within_its_ends():
    interval = found([[0.0, 1.0], [2.0, 5.0]])
    assert isinstance(interval, Interval) and 0 <= interval.low <= interval.high <= 1
