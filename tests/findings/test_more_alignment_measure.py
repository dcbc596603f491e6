"""Table 2, judges, extensions and the relation over many models against independent references."""

from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from scipy.stats import spearmanr as reference
from tests.findings.mixtures import with_margins
from tests.findings.rejections import SAMPLES, all_for_more

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.mixtures import PAPER_FORM, accuracy
from proxyreward.findings.more.more_alignment import measure, relation
from proxyreward.findings.more.more_alignment.measure import SCALED, in_form
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.more.more_alignment.relation import ALIGNED, EVERY, TRAINED
from proxyreward.metrics.calibration import pair_ece
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import ALL, DPO, DPO_MORE, HH, MORE, MULTITASK, PPO, RAW, START

PAPERS = {"bins": 5, "binning": "width", "orientation": "both"}


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
        table.to_csv(tmp_path / f"{field.name}.csv", index=False)
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
    np.testing.assert_array_equal(told.asked, rows["source"])


def test_what_policies_said_stands_in_the_order_of_prompts(told, mixed):
    shuffled = replace(told, said=told.said.sample(frac=1, random_state=0))
    names = told.names(MORE)
    own = told.said[told.said["policy"] == names[1]]
    np.testing.assert_array_equal(shuffled.spoken("oracle", names)[1], own["oracle"])
    np.testing.assert_array_equal(shuffled.tested, own["source"])
    shuffled = replace(told, rewards=told.rewards.sample(frac=1, random_state=0))
    rewards = told.rewards[told.rewards["policy"] == START][names[1]]
    np.testing.assert_array_equal(shuffled.rewarded(names, [START] * 2)[1], rewards)
    assert told.test_samples == 2 and told.bases == mixed.bases[-1:]


def test_table_2_holds_means_over_seeds_and_what_sets_them_apart(mixed, told, models, registry):
    table = measure.policies(models, mixed, told, registry)
    base, own = mixed.bases[-1], select(told.perplexity, source=HH[0])
    names = mixed.names(MORE, base)
    hh = [mixed.margins.loc[mixed.source == source, names].to_numpy().T for source in HH]
    for keys, expected in (
        ({"measure": "perplexity", "source": HH[0]}, [mean_perplexity(own[n]).mean for n in names]),
        (
            {"measure": measure.ONE_TEXT, "source": HH[0]},
            [corpus_perplexity(own[name], own["tokens"]) for name in names],
        ),
        ({"measure": "ece"}, [pair_ece(margin) for margin in hh]),
        ({"measure": in_form("ece", PAPER_FORM)}, [pair_ece(margin, **PAPERS) for margin in hh]),
        ({"measure": "utility"}, told.taken("utility", names)),
    ):
        assert only(table, base=base, of=MORE, **keys) == pytest.approx(np.mean(expected))
    for (_, what, _), rows in table.groupby(["base", "measure", "source"]):
        value = rows.set_index("of")["value"]
        assert value["difference"] == pytest.approx(value[MORE] - value[MULTITASK])
        assert ("ratio" in value) == (what != "utility")
        if what != "utility":
            assert value["ratio"] == pytest.approx(value[MORE] / value[MULTITASK])
        if "start" in value:
            assert value["more from start"] == pytest.approx(value[MORE] - value["start"])


def test_tuned_models_are_compared_on_each_source_and_on_average(mixed):
    table = measure.tuned(mixed)
    own = mixed.tuned[mixed.tuned["source"] == "oasst"][mixed.names(MORE)]
    after = select(table, when="after", of=MORE).set_index("source")["value"]
    assert after["oasst"] == pytest.approx((own > 0).to_numpy().mean())
    assert after["mean"] == pytest.approx(after.drop("mean").mean())
    before = only(table, when="before", of=MULTITASK, source="webgpt")
    assert before == mixed.evaluate(accuracy, mixed.margin(MULTITASK), "webgpt")
    assert only(table, when="after", of="difference", source="mean") > 0.05


def test_too_large_implicit_rewards_are_badly_calibrated(mixed, told):
    table = measure.preferences(mixed, told).set_index(["measure", "source", "of"])["value"]
    assert table["ece", "mean", "difference"] < -0.05
    assert table["size", "mean", DPO] > 2.5 * table["size", "mean", DPO_MORE]
    margin = told.preferences.loc[mixed.source == "helpful", told.names(DPO)].to_numpy().T
    assert table["ece", "helpful", DPO] == pytest.approx(pair_ece(margin).mean())
    said = told.said[told.said["policy"] == "start"]["utility"].mean()
    assert table["utility", "mean", "start"] == pytest.approx(said)


def test_implicit_rewards_are_asked_of_the_first_pairs_of_each_source(mixed, told):
    """Their labels are certain or a coin's toss; as many are asked as there are margins."""
    chance = np.where(np.arange(len(mixed.labels)) % 3, 0.5, 1.0)
    sure = replace(mixed, labels=mixed.labels.assign(chance=chance))
    first = told.preferences.groupby("source").cumcount() < 6
    few = replace(told, preferences=told.preferences[first].reset_index(drop=True))
    table = measure.preferences(sure, few).set_index(["measure", "source", "of"])["value"]
    for name in mixed.sources:
        own = np.flatnonzero((told.preferences["source"] == name) & first)
        right = told.preferences.iloc[own][told.names(DPO)].to_numpy().T > 0
        expected = np.where(right, chance[own], 1 - chance[own]).mean()
        assert table["accuracy", name, DPO] == pytest.approx(expected)


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
    assert relation.correlation(x, y, z) == pytest.approx(np.corrcoef(*left)[0, 1])
    assert np.isnan(relation.correlation(x, z, z))


def test_models_that_are_equally_often_right_are_equally_accurate(mixed, told):
    """The means of 0.7 and 0.1, and of 0.5 and 0.3, differ in the last digit: not in rank."""
    place = mixed.margins.groupby("source").cumcount()

    def margin(*rights):
        return np.where(place < mixed.margins["source"].map(dict(zip(HH, rights))), 0.1, -0.1)

    one, other = margin(105, 15), margin(75, 45)
    margins = {name: (one, other)[i % 2] for i, name in enumerate(mixed.rms["rm"])}
    found = relation.reward_models(with_margins(mixed, margins), told)
    assert (found["accuracy"] == 0.4).all()
    assert (found[in_form("ece", PAPER_FORM)] == 0).all()  # the bin around one half hides them all


def test_planted_relation_is_found_and_vanishes_after_scaling(models, told):
    """A temperature changes neither accuracy nor alignment, only the ECE."""
    table = relation.relations(models)
    # Of four policies the ranks of accuracy and ECE can be the same: none is left, given one.
    undefined = table[table["value"].isna()]
    assert undefined[["pool", "given"]].isin([ALIGNED, "accuracy"]).all(axis=None)
    own = relation.pool(models, TRAINED)
    assert len(relation.pool(models, EVERY)) == len(models) == len(own) + 3  # the untrained ones
    assert RAW not in set(own["scheme"])
    aligned = relation.pool(models, ALIGNED)
    assert set(aligned["scheme"]) == {MORE, MULTITASK}
    said = told.spoken("oracle", aligned["rm"]).mean(axis=1)
    np.testing.assert_allclose(aligned["said oracle"], said)
    keys = {"pool": TRAINED, "alignment": "utility", "given": "nothing"}
    plain = only(table, **keys, what="ece")
    assert plain == pytest.approx(-reference(own["ece"], own["utility"]).statistic)
    assert plain > 0.8
    assert abs(only(table, **keys, what=SCALED)) < 0.4


def test_close_pairs_and_their_agreement_equal_a_loop(models, told, close):
    own = relation.pool(models, TRAINED).to_dict("records")
    values = dict(zip(told.best, told.taken("utility", list(told.best)), strict=True))
    pairs, decided, agree, rates = [], 0, 0, []
    for a, b in combinations(own, 2):
        if round(abs(a["accuracy"] - b["accuracy"]), 9) < 0.01:
            gap = values[a["rm"]] - values[b["rm"]]
            pairs.append([a["rm"], b["rm"], (gap > 0).sum(), (gap < 0).sum()])
            won = np.sign((gap > 0).sum() - (gap < 0).sum())
            decided += won != 0
            agree += won != 0 and won == np.sign(b["ece"] - a["ece"])
            rates.append(((gap * (b["ece"] - a["ece"])) > 0).sum() / (gap != 0).sum())
    assert close[["a", "b", "win", "lose"]].to_numpy().tolist() == pairs
    found = select(relation.agreements({TRAINED: close}), ece="ece").set_index("what")["value"]
    assert found.pop("rate") == pytest.approx(np.mean(rates))
    assert found.to_dict() == {"pairs": decided, "agree": agree, "share": agree / decided}
    nothing = relation.agreements({TRAINED: close[:0]})
    assert nothing["value"].isna().sum() == 4  # shares and rates in both forms


def test_the_most_striking_pair_is_the_planted_one(mixed):
    close = pd.DataFrame(
        {"a": ["x", "y", "x"], "b": ["y", "z", "z"], "accuracy": [0.0, 0.005, 0.005],
         "win": [50, 2, 60], "tie": [0, 80, 0], "lose": [50, 18, 40]}
    )  # fmt: skip
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, len(mixed.source)))
    mixed = with_margins(mixed, {"x": x, "y": y, "z": z})
    assert len(relation.furthest(mixed, close.iloc[[0] * 11])) == 10
    found = relation.furthest(mixed, close)
    assert found[["better", "worse"]].to_numpy().tolist() == [["z", "y"], ["x", "z"], ["x", "y"]]
    found = found.loc[0]
    assert found["rate"] == pytest.approx(0.9) and found["at_least"] > 0.5
    assert found["accuracy"] == pytest.approx(0.005)
    differ = np.isin(mixed.source, HH) & ((y > 0) != (z > 0))
    assert found["right"] == pytest.approx((z[differ] > 0).mean())
    for sign in (1.0, -1.0):
        unequal = with_margins(mixed, {"x": sign, "y": -sign})
        assert relation.furthest(unequal, close[:1]).empty


def test_other_optimisers_have_means_over_golden_models(evidence):
    """Whatever the order in which the models are listed."""
    names = evidence.names()
    scores = evidence.bench.pivot(index="pair_id", columns="side", values=names)
    ece, right = {}, {}
    for name in names:
        margin = (scores[name][0] - scores[name][1]).to_numpy()
        ece[name], right[name] = pair_ece(margin).item(), (margin > 0).mean()
    plain, partial = [], []
    keys = {"setting": "main", "training": "joint", "category": ALL}
    for _, rows in evidence.policies(PPO, family="main", **keys).groupby("golden"):
        rows = rows[rows["golden"] != rows["proxy"]]
        x, z = (rows["proxy"].map(known).to_numpy() for known in (ece, right))
        plain.append(reference(-x, rows["ndr"]).statistic)
        partial.append(relation.correlation(-x, rows["ndr"].to_numpy(), z))
    expected = {"nothing": np.mean(plain), "accuracy": np.nanmean(partial)}
    for listed in (evidence, replace(evidence, rms=evidence.rms[::-1])):
        table = relation.optimisers(listed, 4)
        assert set(table["pool"]) == {"best-of-4", "best-of-16", PPO}
        found = select(table, pool=PPO, what="ece").set_index("given")["value"]
        assert found.to_dict() == pytest.approx(expected)


def test_a_planted_regret_is_found_and_a_golden_model_without_gain_left_out(evidence):
    family = relation.label_flips(evidence).set_index("rm")
    regret = evidence.regret.assign(ndr=-evidence.regret["proxy"].map(family[SCALED]))
    regret.loc[regret["golden"] == "flip-0.00", "ndr"] = np.nan
    table = relation.optimisers(replace(evidence, regret=regret), 4)
    np.testing.assert_allclose(select(table, what=SCALED, given="nothing")["value"], 1.0)
    assert np.isfinite(table["value"]).all()
