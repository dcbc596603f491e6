import numpy as np
import pytest
from scipy import stats

from proxyreward.metrics.ranking import Places, Ranking, Side

LEADS = [(), (3,), (2, 3)]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def tied(rng, *shape):
    """Scores of which the first prompt has no ties and the last has nothing else."""
    found = rng.integers(6, size=shape).astype(float)
    found[..., 0, :] = rng.normal(size=found[..., 0, :].shape)
    found[..., -1, :] = 2.0
    return found


@pytest.mark.parametrize("lead", LEADS)
def test_places_are_those_of_scipy(rng, lead):
    scores = tied(rng, *lead, 5, 8)
    places = Places.of(scores)
    np.testing.assert_array_equal(places.first, stats.rankdata(scores, "min", axis=-1))
    np.testing.assert_array_equal(places.last, stats.rankdata(scores, "max", axis=-1))
    np.testing.assert_array_equal(Side(scores).ranks, stats.rankdata(scores, axis=-1))


@pytest.mark.parametrize("lead", LEADS)
def test_sorted_rewards_are_means_of_equals(rng, lead):
    golden, proxy = rng.normal(size=(*lead, 5, 8)), tied(rng, *lead, 5, 8)
    found = Ranking.of(proxy).sort(golden)
    for row, mine, theirs in zip(*(part.reshape(-1, 8) for part in (found, golden, proxy))):
        expected = [mine[theirs == value].mean() for value in np.sort(theirs)]
        np.testing.assert_allclose(row, expected, atol=1e-12)


def neighbours(scores):
    """Chance of each two to be neighbours, equal scores in random order, from their groups."""
    values, sizes = np.unique(scores, return_counts=True)
    place = np.searchsorted(values, scores)
    same = place[:, None] == place
    next_ = abs(place[:, None] - place) == 1
    size = sizes[place].astype(float)
    return np.where(same, 2 / size, 0) + np.where(next_, 1 / (size[:, None] * size), 0)


@pytest.mark.parametrize("levels", [1, 2, 5, 40, 10**6])
def test_xi_of_many_responses_is_the_mean_over_orders(rng, levels):
    golden, sorting = rng.integers(30, size=(7, 60)), rng.integers(levels, size=(7, 60))
    found = Places.of(sorting).xi(Places.of(golden))
    for prompt, value in enumerate(found):
        last = stats.rankdata(golden[prompt], "max")
        not_below = 61 - stats.rankdata(golden[prompt], "min")
        steps = (neighbours(sorting[prompt]) * abs(last[:, None] - last)).sum() / 2
        expected = 1 - 60 * steps / (2 * (not_below * (60 - not_below)).sum())
        assert value == pytest.approx(expected, abs=1e-12)


def test_leading_axes_of_both_orders_broadcast(rng):
    golden, sorting = tied(rng, 3, 1, 4, 6), tied(rng, 1, 2, 4, 6)
    found = Places.of(sorting).xi(Places.of(golden))
    assert found.shape == (3, 2, 4)
    for g in range(3):
        for m in range(2):
            alone = Places.of(sorting[0, m]).xi(Places.of(golden[g, 0]))
            np.testing.assert_array_equal(found[g, m], alone)
    assert np.isnan(found[..., -1]).all()  # all golden scores are equal
