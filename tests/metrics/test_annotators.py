import numpy as np
import pytest

from proxyreward.metrics.annotators import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    raw_agreement,
)

# The worked example of Fleiss 1971 as printed in many textbooks: 10 items, 14 votes, 5 categories.
TEXTBOOK = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def ballots(items=60, most=5, categories=3, seed=0):
    """Counts with 0 to ``most`` votes on an item."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, most + 1, items)
    return np.array([rng.multinomial(n, rng.dirichlet(np.ones(categories))) for n in sizes])


def test_the_textbook_example():
    assert raw_agreement(TEXTBOOK) == pytest.approx(0.378, abs=5e-4)
    assert fleiss_kappa(TEXTBOOK) == pytest.approx(0.210, abs=5e-4)


@pytest.mark.parametrize("measure", [raw_agreement, fleiss_kappa, krippendorff_alpha])
def test_full_agreement_is_one_and_order_does_not_count(measure):
    assert measure(np.array([[4, 0], [0, 4], [4, 0]])) == 1
    counts = TEXTBOOK
    shuffled = counts[::-1][:, [3, 1, 4, 0, 2]]
    assert measure(shuffled) == pytest.approx(measure(counts), rel=1e-12)


def test_chance_is_near_zero():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(4, [0.6, 0.3, 0.1], size=20_000)
    assert fleiss_kappa(counts) == pytest.approx(0, abs=0.01)
    assert krippendorff_alpha(counts) == pytest.approx(0, abs=0.01)
    assert raw_agreement(counts) == pytest.approx(0.36 + 0.09 + 0.01, abs=0.01)


def test_two_votes_of_two_kinds_on_every_item_disagree_wholly():
    counts = np.array([[1, 1]] * 5)
    assert raw_agreement(counts) == 0
    assert fleiss_kappa(counts) == pytest.approx(-1)
    # n = 10: D_e = (100 - 50) / 90, so alpha = 1 - 1 / D_e.
    assert krippendorff_alpha(counts) == pytest.approx(1 - 9 / 5)


def test_items_with_one_vote_or_none_say_nothing():
    counts = ballots()
    lone = np.vstack([counts, [[1, 0, 0]] * 7, [[0, 0, 0]] * 3])
    assert krippendorff_alpha(lone) == krippendorff_alpha(counts)
    assert raw_agreement(lone) == raw_agreement(counts)


def test_what_is_not_defined_is_nan():
    one_category, unequal, none = [[4, 0], [4, 0]], [[4, 0], [1, 2]], np.zeros((0, 2), int)
    assert raw_agreement(np.array(one_category)) == 1
    for measure in (fleiss_kappa, krippendorff_alpha):
        assert np.isnan(measure(np.array(one_category)))
        assert np.isnan(measure(none))
    assert np.isnan(fleiss_kappa(np.array(unequal)))
    assert np.isfinite(krippendorff_alpha(np.array(unequal)))


def test_the_packages_give_the_same_where_they_define_it():
    reference = pytest.importorskip("krippendorff")
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    for seed in range(20):
        counts = ballots(seed=seed)
        expected = reference.alpha(value_counts=counts, level_of_measurement="nominal")
        assert krippendorff_alpha(counts) == pytest.approx(expected, abs=1e-12)
        complete = np.random.default_rng(seed).multinomial(4, [0.5, 0.4, 0.1], size=40)
        assert fleiss_kappa(complete) == pytest.approx(inter_rater.fleiss_kappa(complete))


def test_votes_that_are_none_are_refused():
    for counts in (np.array([[1, -1]]), np.array([[0.5, 1]]), [["a"]], np.array([1, 2])):
        with pytest.raises(ValueError, match="counts"):
            raw_agreement(counts)


def test_cohens_kappa_is_that_of_statsmodels():
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(0)
    first = rng.integers(-1, 2, size=300)
    second = np.where(rng.random(300) < 0.6, first, rng.integers(-1, 2, size=300))
    table = np.array(
        [[((first == a) & (second == b)).sum() for b in (-1, 0, 1)] for a in (-1, 0, 1)]
    )
    expected = cohens_kappa(table, return_results=False)
    assert cohen_kappa(first, second) == pytest.approx(expected)
    assert cohen_kappa(first, first) == 1
    assert abs(cohen_kappa(first, rng.permutation(first))) < 0.15
    assert np.isnan(cohen_kappa(np.ones(3), np.ones(3)))
