"""Table 2, judges, extensions and the relation over many models against independent references."""

from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from scipy.stats import spearmanr as reference
from tests.findings.rejections import SAMPLES, all_for_more

from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD, accuracy, ece
from proxyreward.findings.more.more_alignment import measure, relation
from proxyreward.findings.more.more_alignment.measure import MEAN, RATIO, in_form, select
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, Rejection
from proxyreward.findings.more.more_alignment.relation import (
    ALIGNED,
    AS_IS,
    ECES,
    EVERY,
    NOTHING,
    SCALED,
    TRAINED,
)  # fmt: skip
from proxyreward.metrics.calibration import pair_ece
from proxyreward.metrics.judge import ask_twice, compare, disagreement
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK, PPO, RAW


@pytest.fixture(scope="module")
def mixed():
    return all_for_more()[0]


@pytest.fixture(scope="module")
def told():
    return all_for_more()[1]


@pytest.fixture(scope="module")
def models(mixed, told):
    return relation.reward_models(mixed, told)


@pytest.fixture(scope="module")
def close(models, told):
    return relation.close_pairs(relation.pool(models, TRAINED), told.taken)


def only(table, **keys):
    """The value of the one row with these keys."""
    return select(table, **keys)["value"].item()


def test_tables_are_read_as_they_were_written(told, tmp_path):
    for field in fields(told):
        table = getattr(told, field.name)
        if field.name in ("policies", "preference_steps"):
            table.to_csv(tmp_path / f"{field.name}.csv", index=False)
        else:
            table.to_parquet(tmp_path / f"{field.name}.parquet")
    again = Rejection.read(tmp_path)
    assert again.names(DPO) == told.names(DPO) == ["dpo-seed0", "dpo-seed1"]
    pd.testing.assert_frame_equal(again.said, told.said)


def test_a_model_takes_the_worth_of_its_best_candidate(told, mixed):
    name = mixed.names(MORE)[0]
    chosen = pd.DataFrame({"prompt_id": range(240), "sample_id": told.best[name].astype(int)})
    rows = told.candidates.merge(chosen)
    np.testing.assert_array_equal(told.taken("utility", [name])[0], rows["utility"])
    assert told.samples == SAMPLES
    assert told.asked.tolist() == [HH[0]] * 120 + [HH[1]] * 120


def test_what_policies_said_stands_in_the_order_of_prompts(told, mixed):
    shuffled = replace(told, said=told.said.sample(frac=1, random_state=0))
    names = mixed.names(MORE)
    np.testing.assert_array_equal(shuffled.spoken("oracle", names), told.spoken("oracle", names))
    own = told.said[told.said["policy"] == names[1]]
    np.testing.assert_array_equal(told.spoken("oracle", names)[1], own["oracle"])
    np.testing.assert_array_equal(shuffled.tested, told.tested)


def test_table_2_holds_means_over_seeds_and_what_sets_them_apart(mixed, told, registry):
    table = measure.policies(mixed, told, registry)
    base = mixed.bases[0]
    own = select(told.perplexity, source=HH[0])
    for name, of in (
        ("perplexity", lambda nll: mean_perplexity(nll).mean),
        (measure.ONE_TEXT, lambda nll: corpus_perplexity(nll, own["tokens"])),
    ):
        expected = np.mean([of(own[rm].to_numpy()) for rm in mixed.names(MORE, base)])
        found = only(table, base=base, measure=name, source=HH[0], of=MORE)
        assert found == pytest.approx(expected)
    for form in (STANDARD, PAPER_FORM):
        expected = mixed.evaluate(ece(form), mixed.margin(MORE, base), *HH)
        assert only(table, base=base, measure=in_form("ece", form), of=MORE) == expected
    for _, rows in table.groupby(["base", "measure", "source"]):
        value = rows.set_index("of")["value"]
        assert value["difference"] == pytest.approx(value[MORE] - value[MULTITASK])
        assert value[RATIO] == pytest.approx(value[MORE] / value[MULTITASK])
        if "start" in value:
            assert value["more from start"] == pytest.approx(value[MORE] - value["start"])


def test_two_bases_stand_for_the_papers_smallest_and_largest():
    assert measure.counterparts(["a", "b"]) == {"a": "Pythia-1.4B", "b": "LLaMa-7B"}
    assert list(measure.counterparts("abc").values())[1] == "Pythia-2.8B"


def test_shares_of_wins_are_those_of_a_loop_over_prompts(mixed, told, registry):
    table = measure.judged(mixed, told, registry)
    base, counts = mixed.bases[0], {"win": 0, "tie": 0, "lose": 0}
    for a, b in zip(mixed.names(MORE, base), mixed.names(MULTITASK, base)):
        for x, y in zip(told.spoken("utility", [a])[0], told.spoken("utility", [b])[0]):
            counts["win" if x > y else "tie" if x == y else "lose"] += 1
    keys = {"first": MORE, "second": MULTITASK, "base": base, "judge": "utility"}
    total = sum(counts.values())
    assert counts["tie"] > 0  # utilities are rounded
    for what, count in counts.items():
        assert only(table, **keys, source=ALL, what=what) == pytest.approx(count / total)
        own = select(table, **keys, what=what).set_index("source")["value"]
        assert own[ALL] == pytest.approx(own[list(HH)].mean())
    rate = counts["win"] / (counts["win"] + counts["lose"])
    assert only(table, **keys, source=ALL, what="rate") == pytest.approx(rate)
    assert only(table, **keys, source=ALL, what="disagree") == pytest.approx(counts["tie"] / total)
    better = select(table, first=MORE, judge="oracle", what="rate")["value"]
    assert (better > 0.55).all()
    dpo = table[table["first"].isin([DPO, DPO_MORE])]
    assert set(dpo["judge"]) == {"utility", "oracle"}  # no model judges them


def test_a_noisy_judge_ties_as_often_as_expected():
    rng = np.random.default_rng(0)
    gap = rng.normal(size=40_000)
    for quality in (0.0, 1.0, 5.0):
        votes = ask_twice(measure.noisy(quality, rng), gap, np.zeros_like(gap))
        expected = measure.expected_ties(gap, quality)
        error = np.sqrt(expected * (1 - expected) / len(gap))
        assert disagreement(votes) == pytest.approx(expected, abs=4 * error)


def test_ties_fall_with_quality_down_to_half_of_the_equal_pairs(mixed, told):
    assert compare(measure.first_position, np.arange(5.0), np.ones(5)) == (0, 5, 0)
    table = measure.ties(mixed, told, np.random.default_rng(0), qualities=(0.0, 1.0, 4.0, 1e6))
    wide = table.pivot(index="quality", columns="what", values="value")
    assert wide["expected"].loc[:1e6].is_monotonic_decreasing
    assert wide.loc[0, "expected"] == 0.5
    assert wide.loc[1e6, "expected"] == pytest.approx(wide.loc[np.inf, "ties"] / 2)
    assert wide.loc[np.inf, "ties"] == wide.loc[np.inf, "expected"] > 0
    assert (wide.loc[np.nan] == 1).all()
    np.testing.assert_array_equal(wide["ties"], wide["disagree"])


def test_tuned_models_are_compared_on_each_source_and_on_average(mixed):
    table = measure.tuned(mixed)
    own = mixed.tuned[mixed.tuned["source"] == "oasst"][mixed.names(MORE)]
    after = select(table, when="after", of=MORE).set_index("source")["value"]
    assert after["oasst"] == pytest.approx((own > 0).to_numpy().mean())
    assert after[MEAN] == pytest.approx(after.drop(MEAN).mean())
    before = only(table, when="before", of=MULTITASK, source="webgpt")
    assert before == mixed.evaluate(accuracy, mixed.margin(MULTITASK), "webgpt")
    assert only(table, when="after", of="difference", source=MEAN) > 0.05


def test_too_large_implicit_rewards_are_badly_calibrated(mixed, told):
    table = measure.preferences(mixed, told)
    assert only(table, measure="ece", source=MEAN, of="difference") < -0.05
    assert only(table, measure="size", source=MEAN, of=DPO) > 2.5 * only(
        table, measure="size", source=MEAN, of=DPO_MORE
    )
    margin = told.preferences.loc[mixed.source == "helpful", told.names(DPO)].to_numpy().T
    expected = pair_ece(margin).mean()
    assert only(table, measure="ece", source="helpful", of=DPO) == pytest.approx(expected)
    said = told.said[told.said["policy"] == "start"]["utility"].mean()
    assert only(table, measure="utility", source=MEAN, of="start") == pytest.approx(said)


def test_candidates_are_worth_their_mean_and_their_best(told):
    table = measure.candidates(told)
    each = told.candidates.groupby("prompt_id")["oracle"]
    assert only(table, measure="oracle", what="chance") == pytest.approx(each.mean().mean())
    assert only(table, measure="oracle", what="best") == pytest.approx(each.max().mean())


def test_correlation_is_the_correlation_of_residual_ranks():
    rng = np.random.default_rng(0)
    z = rng.normal(size=50)
    x, y = z + rng.normal(size=50), z - 0.5 * rng.normal(size=50)
    a, b, c = (rankdata(values) for values in (x, y, z))
    left = [v - np.polyval(np.polyfit(c, v, 1), c) for v in (a, b)]
    found = relation.correlation(x, y, z)
    assert found == pytest.approx(np.corrcoef(*left)[0, 1])
    assert np.isnan(relation.correlation(x, z, z))


def test_models_have_calibration_and_worth_of_their_own(mixed, told, models):
    name = mixed.names(MORE)[1]
    row = models.set_index("rm").loc[name]
    margin = mixed.margins.set_index("source")[name]
    assert row["accuracy"] == pytest.approx(np.mean([(margin[s] > 0).mean() for s in HH]))
    paper = [
        pair_ece(margin[s].to_numpy(), bins=5, binning="width", orientation="both") for s in HH
    ]
    assert row[in_form(AS_IS, PAPER_FORM)] == pytest.approx(np.mean(paper))
    assert row["oracle"] == pytest.approx(told.taken("oracle", [name]).mean())
    assert row["said oracle"] == pytest.approx(told.spoken("oracle", [name]).mean())


def test_models_that_are_equally_often_right_are_equally_accurate(mixed, told):
    """The halves of 0.7 + 0.1 and 0.5 + 0.3 differ in the last digit, and must not in rank."""
    margins = mixed.margins.assign(**dict.fromkeys(mixed.rms["rm"], 0.1))
    for name, rights in zip(mixed.rms["rm"], np.tile([(105, 15), (75, 45)], (50, 1))):
        for source, right in zip(HH, rights):
            own = np.flatnonzero(mixed.source == source)
            margins.loc[own[right:], name] = -0.1
    found = relation.reward_models(replace(mixed, margins=margins), told)
    assert found["accuracy"].nunique() == 1
    assert (found[in_form(AS_IS, PAPER_FORM)] == 0).all()  # the bin around one half hides them all


def test_planted_relation_is_found_and_vanishes_after_scaling(models):
    """A temperature changes neither accuracy nor alignment, only the ECE."""
    table = relation.relations(models)
    assert len(table) == 3 * 2 * (1 + 2 * len(ECES)) and not table.isna().any(axis=None)
    own = relation.pool(models, TRAINED)
    assert len(relation.pool(models, EVERY)) == len(models) == len(own) + 4  # the untrained ones
    assert RAW not in set(own["scheme"])
    assert set(relation.pool(models, ALIGNED)["scheme"]) == {MORE, MULTITASK}
    keys = {"pool": TRAINED, "alignment": "utility", "given": NOTHING}
    plain = only(table, **keys, what=AS_IS)
    assert plain == pytest.approx(-reference(own[AS_IS], own["utility"]).statistic)
    assert plain > 0.8
    assert abs(only(table, **keys, what=SCALED)) < 0.4


def test_scaled_keeps_means_over_seeds_and_their_difference(mixed, models):
    base, table = mixed.bases[0], relation.scaled(mixed, models)
    own = models[models["rm"].isin(mixed.names(MORE, base))]
    value = select(table, base=base, what=SCALED).set_index("of")["value"]
    assert value[MORE] == pytest.approx(own[SCALED].mean())
    assert value["difference"] == pytest.approx(value[MORE] - value[MULTITASK])


def test_close_pairs_and_their_agreement_equal_a_loop(models, told, close):
    own = relation.pool(models, TRAINED).to_dict("records")
    values = dict(zip(told.best, told.taken("utility", list(told.best)), strict=True))
    pairs, decided, agree = [], 0, 0
    for a, b in combinations(own, 2):
        if round(abs(a["accuracy"] - b["accuracy"]), 9) < 0.01:
            gap = values[a["rm"]] - values[b["rm"]]
            pairs.append([a["rm"], b["rm"], (gap > 0).sum(), (gap < 0).sum()])
            won = np.sign((gap > 0).sum() - (gap < 0).sum())
            decided += won != 0
            agree += won != 0 and won == np.sign(b[AS_IS] - a[AS_IS])
    assert close[["a", "b", "win", "lose"]].to_numpy().tolist() == pairs
    found = select(relation.agreements({TRAINED: close}), ece=AS_IS).set_index("what")["value"]
    assert found.to_dict() == {"pairs": decided, "agree": agree, "share": agree / decided}
    nothing = relation.agreements({TRAINED: close[:0]})
    assert nothing["value"].isna().sum() == 2  # the shares in both forms


def test_the_most_striking_pair_is_the_planted_one(mixed):
    close = pd.DataFrame(
        {"a": ["x", "y", "x"], "b": ["y", "z", "z"], "accuracy": [0.0, 0.005, 0.005],
         "ece": [0.1, 0.1, 0.1], "win": [50, 10, 52], "tie": [0, 0, 0], "lose": [50, 90, 48]}
    )  # fmt: skip
    rng = np.random.default_rng(0)
    base = mixed.margins[["pair_id", "source"]]
    margins = base.assign(**{name: rng.normal(size=len(base)) for name in "xyz"})
    found = relation.furthest(replace(mixed, margins=margins), close)
    assert found.loc[0, ["better", "worse"]].tolist() == ["z", "y"]
    assert found.loc[0, "rate"] == pytest.approx(0.9) and found.loc[0, "at_least"] > 0.5
    assert found.loc[0, "accuracy"] == pytest.approx(0.005)
    own = np.isin(base["source"], HH)
    right = {name: margins[name].to_numpy()[own] > 0 for name in "yz"}
    alone = right["z"] != right["y"]
    assert found.loc[0, "right"] == pytest.approx(right["z"][alone].mean())
    unequal = base.assign(x=1.0, y=-1.0)
    assert relation.furthest(replace(mixed, margins=unequal), close[:1]).empty


def test_label_flip_models_are_measured_on_their_labelled_pairs(evidence):
    family = relation.label_flips(evidence).set_index("rm").loc["flip-0.00"]
    scores = evidence.bench.sort_values(["pair_id", "side"])["flip-0.00"].to_numpy(float)
    margin = scores[::2] - scores[1::2]
    assert family["accuracy"] == pytest.approx((margin > 0).mean())
    assert family[AS_IS] == pytest.approx(pair_ece(margin).item())
    expected = pair_ece(margin, bins=5, binning="width", orientation="both").item()
    assert family[in_form(AS_IS, PAPER_FORM)] == pytest.approx(expected)


def test_coefficients_of_other_optimisers_are_means_over_golden_models(evidence):
    table = relation.optimisers(evidence, 4)
    assert set(table["pool"]) == {"best-of-4", "best-of-16", PPO}
    family, ndr = relation.label_flips(evidence), evidence.ndr(PPO)
    plain, partial = [], []
    for golden in range(len(ndr)):
        others = np.arange(len(ndr)) != golden
        x, z = (family[name].to_numpy()[others] for name in (AS_IS, "accuracy"))
        plain.append(reference(-x, ndr[golden, others]).statistic)
        partial.append(relation.correlation(-x, ndr[golden, others], z))
    rows = select(table, pool=PPO, what=AS_IS).set_index("given")["value"]
    assert rows[NOTHING] == pytest.approx(np.mean(plain))
    assert rows["accuracy"] == pytest.approx(np.nanmean(partial))


def test_a_planted_regret_is_found_and_a_golden_model_without_gain_left_out(evidence):
    family = relation.label_flips(evidence).set_index("rm")
    regret = evidence.regret.assign(ndr=-evidence.regret["proxy"].map(family[SCALED]))
    regret.loc[regret["golden"] == "flip-0.00", "ndr"] = np.nan
    table = relation.optimisers(replace(evidence, regret=regret), 4)
    np.testing.assert_allclose(select(table, what=SCALED, given=NOTHING)["value"], 1.0)
    assert np.isfinite(table["value"]).all()
