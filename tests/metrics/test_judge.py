import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta

from proxyreward.metrics.judge import (
    Tally,
    agreed,
    ask_twice,
    by_score,
    disagreement,
    flips,
    outcomes,
    tally,
    win_rate,
)


def compare(judge, first, second):
    return tally(outcomes(ask_twice(judge, first, second)))


@pytest.fixture
def scores():
    """Scores of two responses to each of 400 prompts, rounded so that some tie."""
    return np.random.default_rng(0).normal(size=(2, 400)).round(1)


def noisy(quality, seed):
    """A judge who errs anew in every call, by Bradley-Terry."""
    rng = np.random.default_rng(seed)
    return lambda a, b: rng.random(len(a)) < expit(quality * (a - b))


def leaning(bonus):
    """A judge who adds a bonus to what is shown first."""
    return lambda a, b: a + bonus > b


def test_a_consistent_judge_finds_the_better_response_and_ties_equal_ones(scores):
    first, second = scores
    found = outcomes(ask_twice(by_score, first, second))
    np.testing.assert_array_equal(found, np.sign(first - second))
    assert 0 < (found == 0).sum() < 40


def test_a_judge_who_always_says_a_has_only_ties(scores):
    assert compare(lambda a, b: np.full(len(a), True), *scores) == Tally(0, 400, 0)
    assert compare(lambda a, b: np.full(len(a), False), *scores) == Tally(0, 400, 0)


def test_a_position_bonus_ties_the_pairs_that_it_can_turn(scores):
    first, second = scores
    found = outcomes(ask_twice(leaning(0.55), first, second))
    gap = first - second
    np.testing.assert_array_equal(found, np.where(abs(gap) > 0.55, np.sign(gap), 0))


def test_swapping_the_sides_swaps_wins_and_losses(scores):
    for judge in (by_score, leaning(0.3), leaning(-0.3)):
        win, tie, lose = compare(judge, *scores)
        assert compare(judge, *scores[::-1]) == (lose, tie, win)


def test_independent_noise_ties_and_wins_at_the_analytic_rates():
    pairs, gap, quality = 200_000, 0.7, 1.5
    counts = compare(noisy(quality, seed=1), np.full(pairs, gap), np.zeros(pairs))
    right = expit(quality * gap)  # of one call
    expected = pairs * np.array([right**2, 2 * right * (1 - right), (1 - right) ** 2])
    np.testing.assert_allclose(counts, expected, atol=4 * np.sqrt(pairs) / 2)


@pytest.mark.parametrize("judge", [by_score, leaning(0.4), noisy(1.0, seed=2)])
def test_the_tie_rate_is_the_disagreement_of_the_two_calls(scores, judge):
    votes = ask_twice(judge, *scores)
    assert tally(outcomes(votes)).tie_rate == disagreement(votes) > 0


def test_only_calls_for_one_response_make_a_winner(scores):
    votes = ask_twice(noisy(1.0, seed=3), *scores)
    found = outcomes(votes)
    np.testing.assert_array_equal(found == 1, votes.all(axis=0))
    np.testing.assert_array_equal(found == -1, ~votes.any(axis=0))
    assert sum(tally(found)) == 400


def test_a_judge_may_read_texts():
    longer = np.vectorize(lambda a, b: len(a) >= len(b))
    assert compare(longer, ["aaa", "b", "cc"], ["a", "bb", "dd"]) == Tally(1, 1, 1)


@pytest.mark.parametrize("counts", [Tally(8, 5, 2), Tally(0, 3, 4), Tally(7, 0, 0)])
def test_the_interval_is_clopper_pearson(counts):
    win, lose = counts.win, counts.lose
    found = win_rate(counts, level=0.9)
    low = beta.ppf(0.05, win, lose + 1) if win else 0.0
    high = beta.ppf(0.95, win + 1, lose) if lose else 1.0
    np.testing.assert_allclose(found, [win / (win + lose), low, high], atol=1e-9)


def test_ties_do_not_enter_the_win_rate():
    assert win_rate(Tally(6, 0, 3)) == win_rate(Tally(6, 100, 3))


def test_without_a_decided_pair_nothing_is_known():
    estimate, low, high = win_rate(Tally(0, 9, 0))
    assert np.isnan(estimate) and (low, high) == (0, 1)


def test_sides_must_match():
    with pytest.raises(ValueError, match=r"\(3,\) and second \(2,\)"):
        ask_twice(by_score, np.zeros(3), np.zeros(2))


def test_an_answer_that_changes_with_the_order_is_a_tie_and_a_missing_one_stays_missing():
    calls = np.array([[1, -1, 0, 1, 0, np.nan], [1, -1, 0, -1, 1, 1]])
    np.testing.assert_array_equal(agreed(calls), [1, -1, 0, 0, 0, np.nan])
    assert flips(calls) == 2 / 5
    assert np.isnan(flips(np.array([[np.nan], [1.0]])))
    for bad in (np.array([[2.0], [1.0]]), np.zeros((3, 4))):
        with pytest.raises(ValueError, match="calls must be"):
            agreed(bad)
