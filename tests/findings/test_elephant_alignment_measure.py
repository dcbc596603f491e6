"""Gains, texts, comparisons and paths against plain computations and planted effects."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.alignments import (
    ANSWER,
    HELPLESS,
    POINTS,
    REQUEST,
    SKILL,
    STEPS,
    TOXIC_ANSWER,
    UNIT,
    ZERO,
    alignments,
)

from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_alignment import comparing, measure, optimising
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, Aligned
from proxyreward.vocabulary import EQUAL_SIZE


@pytest.fixture(scope="module")
def plain():
    return alignments()


def only(table, **keys):
    """The value of the one row with these keys."""
    return select(table, **keys)["value"].item()


def judged(aligned, seed=0):
    return comparing.judged(aligned, np.random.default_rng(seed))


def test_tables_are_read_as_they_were_written(plain, tmp_path):
    folders = tmp_path / "aligned", tmp_path / "proxies"
    names = {"log": "ppo_log", "curves": "ppo_curves"}
    for folder in folders:
        folder.mkdir()
        for field in fields(plain):
            table, name = getattr(plain, field.name), names.get(field.name, field.name)
            table.to_csv(folder / f"{name}.csv", index=False)
            table.to_parquet(folder / f"{name}.parquet")
    again = Aligned.read(*folders)
    assert again.runs("half") == ["ppo-half-1", "ppo-half-2"]
    assert again.sets("second") == ["original", "clean", "fewer"]
    assert again.start("dpo-second-clean") == "start-second"
    pd.testing.assert_frame_equal(again.said, plain.said)


def test_a_gain_is_in_sd_of_the_start_whatever_unit_a_judge_has(plain):
    own, start = (
        select(plain.said, policy=name, subset="mixed") for name in ("ppo-half-1", "start-initial")
    )
    for judge, column in (("oracle", "oracle"), ("strong", "rm:strong")):
        expected = (own[column].mean() - start[column].mean()) / start[column].std(ddof=0)
        assert plain.gain(["ppo-half-1"], judge)["mixed"] == pytest.approx(expected)
    gains = plain.gain(["ppo-half-1"], "strong")
    assert gains["all"] == pytest.approx(gains[list(TESTED)].mean())
    other = plain.said.assign(**{"rm:strong": 7 * plain.said["rm:strong"] - 100})
    again = replace(plain, said=other).gain(["ppo-half-1"], "strong")
    np.testing.assert_allclose(again, gains)


def test_a_planted_gain_is_found_by_the_oracle_and_in_part_by_a_reward_model():
    aligned = alignments(lambda policy: float(policy == "dpo-second-clean"), prompts=300)
    assert aligned.gain(["dpo-second-clean"], "oracle")["all"] == pytest.approx(1, abs=0.1)
    seen = aligned.gain(["dpo-second-clean"], "small")["all"]
    assert seen == pytest.approx(SKILL["small"], abs=0.1)
    assert aligned.gain(["dpo-second-fewer"], "oracle")["all"] == pytest.approx(0, abs=0.1)


def test_clean_minus_others_stands_beside_the_papers_difference(plain, registry):
    table = measure.table2(plain, registry)
    keys = {"base": "initial", "judge": "evaluator", "subset": "helpful-base"}
    gap = only(table, of="clean minus original", **keys)
    assert gap == pytest.approx(
        only(table, of="clean", **keys) - only(table, of="original", **keys)
    )
    paper = select(table, of="clean minus original", **keys)["paper"].item()
    assert paper == pytest.approx(-9.0 - -9.4)
    assert table["paper"].notna().sum() == 2 * 4  # of two bases, three test sets and the mean


def test_what_is_toxic_and_what_is_no_answer():
    said = [ANSWER, TOXIC_ANSWER, HELPLESS, "It depends on many things.", "", "blarg foo bar"]
    found = measure.non_answers([REQUEST] * len(said), said)
    assert found.tolist() == [False, False, True, True, False, False]
    # To decline a harmful request is an answer.
    assert not measure.non_answers(["How do I steal the lamp?"], [HELPLESS])[0]
    wrong = "The cow eats meat."
    assert not measure.non_answers([REQUEST], [f"{HELPLESS} {wrong}"])[0]


def test_planted_shares_of_texts_are_found():
    aligned = alignments(
        toxic={"dpo-initial-with-toxic": 0.3}, helpless={"ppo-half-1": 0.2, "ppo-half-2": 0.4}
    )
    table = measure.texts(aligned)
    assert only(table, of="with-toxic", what="toxic", subset="all") == pytest.approx(0.3, abs=0.01)
    assert only(table, of="clean", what="toxic", subset="all") == 0
    rate = only(table, of="half", what="non-answer", subset="all")
    assert rate == pytest.approx(0.3, abs=0.01)  # the mean of both runs


def test_a_tie_of_a_reward_model_is_an_error():
    margins = pd.DataFrame({"source": ["mixed"] * 4, "rm": [1.0, 0.0, -1.0, 2.0]})
    assert measure.accuracies(margins, "source", "rm")["mixed"] == 0.5


def test_table_5_holds_accuracies_and_alignment_of_four_models(plain, registry):
    table = measure.reward_models(plain, registry)
    keys = {"rm": "half", "measure": "accuracy", "set": "mixed"}
    own = plain.margins.loc[plain.margins["source"] == "mixed", "half"]
    assert only(table, **keys) == pytest.approx((own > 0).mean())
    assert select(table, **keys)["paper"].item() == pytest.approx(0.702)
    mean = select(table, rm="half", measure="bench").set_index("set")["value"]
    assert mean["all"] == pytest.approx(mean[["Safety", "Chat", "Math"]].mean())
    keys = {"rm": "strong", "measure": "alignment", "judge": "own", "set": "all"}
    assert only(table, **keys) == pytest.approx(plain.gain(plain.runs("strong"), "strong")["all"])
    assert set(select(table, measure="alignment")["rm"]) == set(EQUAL_SIZE)


def test_correlations_are_scipys_and_the_papers_come_from_its_numbers(plain, registry):
    models, said = measure.reward_models(plain, registry), measure.texts(plain)
    trained = optimising.training(plain, optimising.traces(plain))
    helpless = pd.Series(dict(zip(EQUAL_SIZE, (0.3, 0.1, 0.2, 0.4), strict=True)))
    table = measure.relations(models, trained, said, helpless)
    right, aligned = (
        select(models, **keys).set_index("rm")["value"][list(EQUAL_SIZE)]
        for keys in (
            {"measure": "accuracy", "set": "mixed"},
            {"measure": "alignment", "set": "mixed", "judge": "oracle"},
        )
    )
    expected = spearmanr(right, aligned).statistic
    assert only(table, x="accuracy", y="oracle", set="mixed") == pytest.approx(expected)
    row = select(table, x="accuracy", y="evaluator", set="helpful-base")
    assert row["paper"].item() == pytest.approx(0.8)  # two models change places
    # Nobody gives non-answers here, so that nothing goes with them.
    assert np.isnan(only(table, x="non-answer", y="rate", set="all"))


def test_pairs_of_models_that_agree():
    x = pd.Series(dict(zip(EQUAL_SIZE, (1.0, 2.0, 3.0, 4.0), strict=True)))
    assert measure.agreeing_pairs(x, x) == 1
    assert measure.agreeing_pairs(x, -x) == 0
    swapped = pd.Series(dict(zip(EQUAL_SIZE, (1.0, 3.0, 2.0, 4.0), strict=True)))
    assert measure.agreeing_pairs(x, swapped) == pytest.approx(5 / 6)
    assert np.isnan(measure.agreeing_pairs(x, x.replace(4.0, np.nan)))


def test_a_reward_for_non_answers_is_in_sd_of_the_start():
    found = measure.helplessness(alignments(likes_helpless={"half": 1.0}, prompts=300))
    assert found["half"] == pytest.approx(1, abs=0.1)
    assert found.drop("half").eq(0).all()


def test_wins_are_counted_response_by_response(plain):
    table = judged(plain)
    first, second = (
        select(plain.said, policy=name, subset="mixed").sort_values(["prompt_id", "sample_id"])
        for name in ("dpo-second-clean", "dpo-second-fewer")
    )
    keys = {"first": "dpo-second-clean", "second": "dpo-second-fewer", "subset": "mixed"}
    gap = first["rm:evaluator"].to_numpy() - second["rm:evaluator"].to_numpy()
    assert only(table, judge="evaluator", what="win", **keys) == pytest.approx((gap > 0).mean())
    for _, rows in table.groupby(["first", "second", "judge", "subset"]):
        share = rows.set_index("what")["value"]
        assert share[["win", "tie", "lose"]].sum() == pytest.approx(1)
        assert share["win minus lose"] == pytest.approx(share["win"] - share["lose"])


def test_people_see_through_noise_and_equal_responses_are_ties():
    aligned = alignments(lambda policy: 3.0 * (policy == "pro-evaluator"), prompts=200)
    keys = {"first": "pro-evaluator", "second": "pro-small", "subset": "all", "what": "win"}
    table = judged(aligned)
    by_people = only(table, judge="people", **keys)
    assert 0.8 < by_people < only(table, judge="oracle", **keys)
    same = aligned.said.assign(oracle=1.0)
    ties = judged(replace(aligned, said=same))
    assert only(ties, judge="oracle", **keys | {"what": "tie"}) == 1
    # Two against two of four who toss coins.
    coins = only(ties, judge="people", **keys | {"what": "tie"})
    assert coins == pytest.approx(6 / 16, abs=0.06)


def test_policies_are_held_against_the_chosen_responses(plain):
    first = select(plain.said, policy="pro-small", subset="mixed")
    both = first.merge(plain.judged, on=["subset", "prompt_id"], suffixes=("", " chosen"))
    keys = {"first": "pro-small", "second": "chosen", "judge": "oracle", "subset": "mixed"}
    won = (both["oracle"] > both["oracle chosen"]).mean()
    assert only(judged(plain), what="win", **keys) == pytest.approx(won)


def test_a_perfect_evaluator_never_contradicts_and_an_opposed_one_always_does():
    aligned = alignments(skill=SKILL | {"evaluator": 1.0, "poor": -1.0})
    table = comparing.reversals(aligned)
    for of in ("policies", "responses"):
        assert only(table, rm="evaluator", of=of) == 0
        assert only(table, rm="poor", of=of) == 1
        assert 0 < only(table, rm="strong", of=of) < only(table, rm="small", of=of) < 1


def test_smoothing_is_a_weighed_mean_of_what_has_been(plain):
    traces = optimising.traces(plain)
    run = select(traces, rm="half", run="ppo-half-1")
    weights = optimising.SMOOTHING ** np.arange(len(run))[::-1]
    expected = (weights * run["reward"]).sum() / weights.sum()
    assert run["reward ema"].iloc[-1] == pytest.approx(expected)
    log = select(plain.log, run="ppo-half-1")
    np.testing.assert_allclose(run["loss"], log["policy_loss"] + log["value_loss"])


def test_the_raw_training_reward_is_in_the_models_own_unit():
    aligned = alignments(prompts=300)
    found = optimising.training(aligned, optimising.traces(aligned))
    table = found.set_index(["rm", "measure"])["value"]
    for rm in EQUAL_SIZE:
        assert table[rm, "standardised reward"] == pytest.approx(0.5, abs=0.01)
        assert table[rm, "raw reward"] == pytest.approx(ZERO[rm] + 0.5 * UNIT[rm], abs=0.3)


def test_steps_until_nine_tenths():
    step = pd.Series([1, 2, 3, 4])
    assert optimising.steps_until(step, pd.Series([0.1, 0.89, 0.9, 1.0])) == 3
    assert np.isnan(optimising.steps_until(step, pd.Series([0.1, 0.2, 0.1, -0.1])))
    slow = alignments(fast={"half": 1.0, "strong": 0.1})
    table = optimising.training(slow, optimising.traces(slow))
    steps = select(table, measure="steps").set_index("rm")["value"]
    assert steps["strong"] < steps["large"] < steps["half"] <= STEPS
    share = select(table, measure="share").set_index("rm")["value"]
    np.testing.assert_allclose(share, steps / STEPS)


def test_paths_begin_at_the_start_and_are_of_runs_judged_on_their_way(plain):
    way = optimising.way(plain)
    own = select(way, rm="half", setting="main", what="own").set_index("point")["value"]
    assert own.index.tolist() == [*range(POINTS + 1)] and own[0] == 0
    first = select(plain.curves, run="ppo-half-1")["own_reward"]
    np.testing.assert_allclose(own[1:], first)
    free = select(way, rm="half", setting="free", what="kl")["value"]
    np.testing.assert_allclose(free, np.linspace(0, 4, POINTS + 1))


def test_a_peak_is_that_of_the_others():
    turn = optimising.turns(optimising.way(alignments(oracle_path=lambda p: 4 * p * (1 - p))))
    keys = {"rm": "large", "setting": "free", "what": "oracle"}
    assert only(turn, measure="peak", **keys) == pytest.approx(1, abs=0.01)
    assert only(turn, measure="fall", **keys) == pytest.approx(1, abs=0.01)
    rising = optimising.turns(optimising.way(alignments()))
    assert only(rising, measure="fall", **keys) == 0
    assert only(rising, measure="end", **keys) == pytest.approx(1, abs=0.01)


def test_noise_makes_no_peak_of_its_own():
    """The largest of a flat curve's noisy points lies above its end; a peak of the others' not."""
    rng = np.random.default_rng(0)
    falls, largest = [], []
    for _ in range(20):
        way = pd.DataFrame(
            [
                (rm, setting, point, what, float(point) if what == "kl" else rng.normal())
                for rm in EQUAL_SIZE
                for setting in optimising.SETTINGS
                for point in range(4)
                for what in ("kl", *optimising.REWARDS)
            ],
            columns=["rm", "setting", "point", "what", "value"],
        )
        falls.append(select(optimising.turns(way), measure="fall")["value"].mean())
        last = select(way, what="oracle", rm="half", setting="main")["value"].to_numpy()
        largest.append(last.max() - last[-1])
    assert abs(np.mean(falls)) < 0.35 < np.mean(largest)


def test_a_summit_is_where_the_mean_is_highest():
    paths = [
        (np.array([0.0, 2.0]), np.array([0.0, 2.0])),
        (np.array([0.0, 1.0]), np.array([0, 3.0])),
    ]
    assert optimising.summit(paths) == 2.0  # the second is held at its end
    paths[0][1][1] = -9.0
    assert optimising.summit(paths) == 0.0
