"""Wins, ties and losses by judges who are asked twice."""

import numpy as np
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.more.more_alignment.judges import (
    ALL,
    expected_ties,
    first_position,
    judged,
    noisy,
    ties,
)
from proxyreward.metrics.judge import ask_twice, compare, disagreement
from proxyreward.vocabulary import MORE, MULTITASK


@pytest.fixture(scope="module")
def mixed():
    return mixtures(pairs=10, bases=2, seeds=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, gain={MORE: 0.6}, tested=40)


@pytest.fixture(scope="module")
def table(mixed, told):
    return judged(mixed, told, 100, np.random.default_rng(0))


def test_counts_are_those_of_a_loop_over_prompts(mixed, told, table):
    base = mixed.bases[0]
    win = tie = lose = 0
    for a, b in zip(mixed.names(MORE, base), mixed.names(MULTITASK, base)):
        for x, y in zip(told.spoken("utility", [a])[0], told.spoken("utility", [b])[0]):
            win, tie, lose = win + (x > y), tie + (x == y), lose + (x < y)
    [row] = table.query(
        "first == @MORE and second == @MULTITASK and base == @base and judge == 'utility' "
        "and source == @ALL"
    ).to_dict("records")
    assert (row["win"], row["tie"], row["lose"]) == (win, tie, lose)
    assert tie > 0  # utilities are rounded
    assert row["disagree"] == pytest.approx(tie / (win + tie + lose))
    assert row["rate"] == pytest.approx(win / (win + lose))


def test_sources_add_up_and_intervals_hold_the_rate(table):
    main = table.query("first == @MORE and second == @MULTITASK")
    for _, rows in main.groupby(["base", "judge"]):
        counts = rows.set_index("source")[["win", "tie", "lose"]]
        assert (counts.drop(ALL).sum() == counts.loc[ALL]).all()
    assert (main["low"] <= main["rate"]).all() and (main["rate"] <= main["high"]).all()
    assert (main["boot_low"] <= main["boot_high"]).all()


def test_a_planted_gain_wins_against_both_opponents(table):
    better = table.query("first == @MORE and judge == 'oracle' and source == @ALL")
    assert (better["low"] > 0.5).all()
    same = table.query("first == @MULTITASK and judge == 'oracle'")
    assert (same["low"] < 0.5).all() and (same["high"] > 0.5).all()


def test_policies_without_a_judge_are_not_judged_by_it(table):
    dpo = table[table["first"].isin(["dpo", "dpo-more"])]
    assert set(dpo["judge"]) == {"utility", "oracle"}


def test_a_noisy_judge_ties_as_often_as_expected():
    rng = np.random.default_rng(0)
    gap = rng.normal(size=40_000)
    for quality in (0.0, 1.0, 5.0):
        votes = ask_twice(noisy(quality, rng), gap, np.zeros_like(gap))
        expected = expected_ties(gap, quality)
        error = np.sqrt(expected * (1 - expected) / len(gap))
        assert disagreement(votes) == pytest.approx(expected, abs=4 * error)


def test_a_position_alone_never_wins():
    first, second = np.arange(5.0), np.ones(5)
    assert compare(first_position, first, second) == (0, 5, 0)


def test_ties_fall_with_quality_down_to_half_of_the_equal_pairs(mixed, told):
    table = ties(mixed, told, np.random.default_rng(0), qualities=(0.0, 1.0, 4.0, 1e6))
    assert table["expected"].iloc[:4].is_monotonic_decreasing
    assert table["expected"].iloc[0] == 0.5
    exact, position = table.iloc[4], table.iloc[5]
    assert table["expected"].iloc[3] == pytest.approx(exact["ties"] / 2)
    assert exact["ties"] == exact["expected"] > 0
    assert position["ties"] == position["expected"] == 1
    np.testing.assert_array_equal(table["ties"], table["disagree"])
