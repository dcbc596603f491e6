from math import comb

import numpy as np
import pytest

from proxyreward.data.cleaning import ACTION, content_type, type_of, winners
from proxyreward.vocabulary import TYPES
from proxyreward.world.annotators import prefers_first

WORD = {1: "same", -1: "opposite", 0: "vague"}


def wins(chosen, rejected, ties=0):
    return WORD[int(winners(*(np.array([n]) for n in (chosen, rejected, ties)))[0])]


def test_four_votes_are_sorted_as_the_paper_prints_it():
    found = {(chosen, 4 - chosen): wins(chosen, 4 - chosen) for chosen in range(5)}
    assert found == {
        (0, 4): "opposite",
        (1, 3): "opposite",
        (2, 2): "vague",
        (3, 1): "same",
        (4, 0): "same",
    }


@pytest.mark.parametrize(
    ("votes", "kind"),
    [
        ((0, 0), "vague"),
        ((1, 0), "same"),
        ((0, 1), "opposite"),
        ((1, 1), "vague"),
        ((2, 1), "same"),
        ((2, 3), "opposite"),
        ((3, 3), "vague"),
        ((2, 1, 1), "vague"),
        ((3, 0, 1), "same"),
        ((1, 0, 1), "vague"),
        ((1, 2, 0), "opposite"),
        ((0, 0, 4), "vague"),
        ((2, 0, 1), "same"),
    ],
)
def test_more_than_half_of_the_valid_votes_decide(votes, kind):
    assert wins(*votes) == kind


def test_exchanging_the_responses_exchanges_same_and_opposite():
    votes = np.random.default_rng(0).integers(0, 6, size=(3, 500))
    one, other = winners(*votes), winners(*votes[[1, 0, 2]])
    np.testing.assert_array_equal(one, -other)
    assert set(one) == {-1, 0, 1}


@pytest.mark.parametrize(
    ("chosen", "rejected", "toxic", "winner", "kind"),
    [
        ("", "", True, -1, "empty"),
        ("Plums.", " \n\t", True, 1, "empty"),
        ("Plums.", "Plums.", True, 1, "repetitive"),
        ("Plums.", "Pears.", True, -1, "toxic"),
        ("Plums.", "Pears.", True, 1, "toxic"),
        ("Plums.", "Pears.", False, -1, "opposite"),
        ("Plums.", "Pears.", False, 0, "vague"),
        ("Plums.", "plums.", False, 1, "same"),
        ("Plums.", "\u200b", False, 1, "same"),
    ],
)
def test_the_first_rule_that_applies_decides(chosen, rejected, toxic, winner, kind):
    assert type_of(content_type(chosen, rejected), toxic, winner) == kind


def test_same_is_kept_opposite_swapped_and_the_rest_dropped():
    kept = {"same": "keep", "opposite": "swap"}
    assert ACTION == {kind: kept.get(kind, "drop") for kind in TYPES}


def binomial_shares(annotators: int, right: float) -> dict[str, float]:
    """Same, opposite and vague among pairs whose label is right."""
    chance = [
        comb(annotators, n) * right**n * (1 - right) ** (annotators - n)
        for n in range(annotators + 1)
    ]
    half = annotators / 2
    return {
        "same": sum(p for n, p in enumerate(chance) if n > half),
        "opposite": sum(p for n, p in enumerate(chance) if n < half),
        "vague": sum(p for n, p in enumerate(chance) if n == half),
    }


@pytest.mark.parametrize("annotators", [3, 4, 5, 6])
@pytest.mark.parametrize("right", [0.5, 0.7, 0.9])
def test_shares_of_the_types_are_binomial(annotators, right):
    pairs, rng = 20_000, np.random.default_rng(annotators)
    for_chosen = (rng.random((pairs, annotators)) < right).sum(axis=1)
    found = winners(for_chosen, annotators - for_chosen, np.zeros(pairs, int))
    for winner, kind in WORD.items():
        expected = binomial_shares(annotators, right)[kind]
        error = np.sqrt(expected * (1 - expected) / pairs)
        assert abs(np.mean(found == winner) - expected) <= 4 * error


def test_of_four_the_vague_share_is_that_of_two_against_two():
    assert binomial_shares(4, 0.8)["vague"] == pytest.approx(6 * 0.8**2 * 0.2**2)


def test_the_worlds_annotators_follow_it_too():
    pairs, margin = 20_000, 0.5
    votes = prefers_first(
        np.full(pairs, margin), np.zeros(pairs), np.random.default_rng(0), (2.0,) * 4
    )
    for_chosen = votes.sum(axis=0)
    found = winners(for_chosen, 4 - for_chosen, np.zeros(pairs, int))
    expected = binomial_shares(4, 1 / (1 + np.exp(-1.0)))
    for winner, kind in WORD.items():
        assert np.mean(found == winner) == pytest.approx(expected[kind], abs=0.015)
