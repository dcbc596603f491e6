import numpy as np
import pytest

from proxyreward.world.annotators import QUALITIES, agreement, prefers_first, scores


def test_choices_follow_the_sigmoid_of_the_margin():
    draws = 40_000
    for margin in (-1.0, 0.0, 0.4, 2.0):
        votes = prefers_first(np.full(draws, margin), np.zeros(draws), np.random.default_rng(1))
        chance = 1 / (1 + np.exp(-np.array(QUALITIES) * margin))
        sd = np.sqrt(chance * (1 - chance) / draws)
        assert (abs(votes.mean(axis=1) - chance) < 4 * sd).all()


def test_annotators_agree_as_two_independent_sigmoids():
    margins = np.random.default_rng(0).normal(size=60_000)
    votes = prefers_first(margins, np.zeros_like(margins), np.random.default_rng(1), (1.0, 3.0))
    p, q = (1 / (1 + np.exp(-quality * margins)) for quality in (1.0, 3.0))
    expected = np.mean(p * q + (1 - p) * (1 - q))
    assert agreement(votes)[0, 1] == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(len(margins)))


def test_agreement_counts_every_pair_of_annotators():
    votes = np.random.default_rng(0).random((4, 50)) < 0.6
    same = [votes[a, i] == votes[b, i] for i in range(50) for a in range(4) for b in range(a)]
    assert np.nanmean(agreement(votes)) == pytest.approx(sum(same) / len(same))


def test_only_the_difference_of_utilities_counts():
    u1, u2 = np.random.default_rng(0).normal(size=(2, 100))
    votes = [prefers_first(u1 + s, u2 + s, np.random.default_rng(3)) for s in (0, 8)]
    np.testing.assert_array_equal(*votes)


def test_who_prefers_the_higher_score_chooses_by_bradley_terry():
    draws, rng = 40_000, np.random.default_rng(2)
    for margin in (0.0, 0.4, 1.0):
        first, second = (scores(np.full(draws, u), rng, QUALITIES) for u in (margin, 0.0))
        chance = 1 / (1 + np.exp(-np.array(QUALITIES) * margin))
        sd = np.sqrt(chance * (1 - chance) / draws)
        assert (abs((first > second).mean(axis=1) - chance) < 4 * sd).all()
