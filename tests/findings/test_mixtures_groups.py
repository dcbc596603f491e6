"""Resamples of test pairs draw whole groups of them, within each source."""

from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import Draws, accuracy, interval


@pytest.fixture(scope="module")
def independent():
    """Every pair is a group of its own."""
    return mixtures(pairs=60, bases=1)


def grouped(found, group):
    return replace(found, margins=found.margins.assign(group=group))


def draw(found, resamples=400):
    return Draws.of(found, resamples, np.random.default_rng(0))


def test_every_source_keeps_its_number_of_groups(independent):
    sizes = np.tile([1] * 10 + [2] * 10 + [3] * 10, 5)
    draws = draw(grouped(independent, np.repeat(np.arange(150), sizes)))
    first = np.cumsum([0, *sizes[:29]])
    for name in independent.sources:
        counts = draws.pairs[:, draws.source == name]
        assert (counts[:, first].sum(axis=1) == 30).all()
        assert counts.sum(axis=1).std() > 0  # so the number of pairs varies


def test_pairs_of_a_group_are_drawn_together(independent):
    counts = draw(grouped(independent, np.repeat(np.arange(150), 2))).pairs
    np.testing.assert_array_equal(counts[:, ::2], counts[:, 1::2])
    assert (counts[1:, ::4] != counts[1:, 2::4]).any()


def test_a_group_in_two_sources_is_drawn_in_each_by_itself(independent):
    counts = draw(grouped(independent, np.tile(np.arange(60), 5))).pairs
    assert (counts[1:, :60] != counts[1:, 60:120]).any()
    assert (counts.reshape(-1, 5, 60).sum(axis=2) == 60).all()


def test_repeating_every_pair_in_its_group_leaves_the_interval_alone(independent):
    margins = independent.margins
    margins = margins.loc[margins.index.repeat(3)].reset_index(drop=True)
    repeated = replace(independent, margins=margins)

    def width(found):
        found = interval(draw(found).evaluate(accuracy, found.margin("more"), "helpful"))
        return found.high - found.low

    assert width(repeated) == pytest.approx(width(independent))
    # Taken for independent, three copies of a pair make the interval narrower.
    assert width(grouped(repeated, np.arange(len(margins)))) < 0.75 * width(repeated)
