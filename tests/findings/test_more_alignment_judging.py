"""Who wins by which judge, what alignment has gained, and ties, against independent references."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.rejections import all_for_more

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.more_alignment import judging
from proxyreward.metrics.judge import ask_twice, disagreement, outcomes
from proxyreward.vocabulary import ALL, DPO, DPO_MORE, HH, MORE, MULTITASK, ORACLE

JUDGES = ("utility", "oracle", "judge")


@pytest.fixture(scope="module")
def mixed():
    return all_for_more()[0]


@pytest.fixture(scope="module")
def told():
    return all_for_more()[1]


def test_shares_of_wins_are_those_of_a_loop_over_prompts(mixed, told, registry):
    table = judging.judged(mixed, told, registry)
    base, counts = mixed.bases[-1], {"win": 0, "tie": 0, "lose": 0}
    for a, b in zip(mixed.names(MORE, base), mixed.names(MULTITASK, base)):
        for x, y in zip(told.spoken("utility", [a])[0], told.spoken("utility", [b])[0]):
            counts["win" if x > y else "tie" if x == y else "lose"] += 1
    own = select(table, first=MORE, second=MULTITASK, base=base, judge="utility")
    total = sum(counts.values())
    assert counts["tie"] > 0  # utilities are rounded
    shares = {what: count / total for what, count in counts.items()}
    shares |= {"rate": counts["win"] / (total - counts["tie"]), "disagree": shares["tie"]}
    assert select(own, source=ALL).set_index("what")["value"].to_dict() == pytest.approx(shares)
    by_source = select(own, what="win").set_index("source")["value"]
    assert by_source[ALL] == pytest.approx(by_source[list(HH)].mean())
    more, multitask = (told.spoken("utility", mixed.names(of, base)) for of in (MORE, MULTITASK))
    wins = (more > multitask)[:, told.tested == HH[0]]
    assert by_source[HH[0]] == pytest.approx(wins.mean())
    better = select(table, first=MORE, judge="oracle", what="rate")["value"]
    assert (better > 0.55).all()
    others = table[table["first"].isin([DPO, DPO_MORE, ORACLE])]
    assert set(others["judge"]) == {"utility", "oracle"}  # no model judges them
    assert set(table["base"]) == {base, "none"}


def test_over_the_start_every_reward_model_judges_its_own_policy(mixed, told, registry):
    table, counts = judging.judged(mixed, told, registry), []
    for name in mixed.names(MULTITASK, mixed.bases[-1]):
        own = told.rewards.pivot(index=["prompt_id", "sample_id"], columns="policy", values=name)
        counts.append((own[name] > own["start"]).mean())
    found = select(table, judge=judging.OWN, what="win").set_index(["first", "second"])["value"]
    assert set(found.index) == {(MORE, "start"), (MULTITASK, "start")}
    assert found[MULTITASK, "start"] == pytest.approx(np.mean(counts))


def test_gains_are_in_sd_of_the_start_of_each_source(mixed, told):
    """They do not depend on the units of a source's judge."""
    table = judging.gains(mixed, told)
    name, expected = told.names(ORACLE)[0], []
    for source in HH:
        own = told.said[told.said["source"] == source].groupby("policy")["oracle"]
        expected.append((own.mean()[name] - own.mean()["start"]) / own.std(ddof=0)["start"])
    keys = {"of": ORACLE, "judge": "oracle"}
    assert select(table, **keys)["value"].item() == pytest.approx(np.mean(expected))
    assert select(table, of=MORE, judge="oracle")["value"].item() == pytest.approx(0.8, abs=0.2)
    assert select(table, of=MORE, judge=judging.OWN)["value"].item() > 1.4  # 1 more to its own
    helpful = told.said["source"] == "helpful"
    units = {judge: told.said[judge].where(helpful, 5 * told.said[judge] - 3) for judge in JUDGES}
    other = judging.gains(mixed, replace(told, said=told.said.assign(**units)))
    pd.testing.assert_frame_equal(other, table)


def test_a_noisy_judge_ties_as_often_as_expected():
    rng = np.random.default_rng(0)
    gap = rng.normal(size=40_000)
    for quality in (0.0, 1.0, 5.0):
        votes = ask_twice(judging.noisy(quality, rng), gap, np.zeros_like(gap))
        expected = judging.expected_ties(gap, quality)
        error = np.sqrt(expected * (1 - expected) / len(gap))
        assert disagreement(votes) == pytest.approx(expected, abs=4 * error)


def test_ties_fall_with_quality_down_to_half_of_the_equal_pairs(mixed, told):
    votes = ask_twice(judging.first_position, np.arange(5.0), np.ones(5))
    assert outcomes(votes).tolist() == [0] * 5
    table = judging.ties(mixed, told, np.random.default_rng(0), qualities=(0.0, 1.0, 4.0, 1e6))
    wide = table.pivot(index="quality", columns="what", values="value")
    assert wide["expected"].loc[:1e6].is_monotonic_decreasing
    assert wide.loc[0, "expected"] == 0.5
    assert wide.loc[1e6, "expected"] == pytest.approx(wide.loc[np.inf, "ties"] / 2)
    assert wide.loc[np.inf, "ties"] == wide.loc[np.inf, "expected"] > 0
    assert (wide.loc[np.nan] == 1).all()
    np.testing.assert_array_equal(wide["ties"], wide["disagree"])
