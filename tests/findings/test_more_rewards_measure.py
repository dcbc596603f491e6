from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import spearmanr
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD
from proxyreward.findings.more.more_rewards import measure
from proxyreward.metrics.outliers import outliers
from proxyreward.vocabulary import HH, MORE, MULTITASK


@pytest.fixture(scope="module")
def mixes():
    return mixtures(bases=2, orders=0)


@pytest.fixture(scope="module")
def measured(mixes, registry):
    return values(measure.measures(mixes, registry))


def values(table, column="value"):
    keys = [name for name in table if name not in ("value", "paper")]
    return table.set_index(keys)[column].sort_index()


def enlarged(mixes, scheme, by):
    """The same reward models with larger rewards."""
    names = mixes.rms.loc[mixes.rms["scheme"] == scheme, "rm"]
    changed = mixes.margins.copy()
    changed[list(names)] *= by
    return replace(mixes, margins=changed)


def test_one_temperature_leaves_accuracies_and_undoes_a_change_of_scale(mixes, measured, registry):
    after = values(measure.measures(enlarged(mixes, MORE, 4.0), registry))
    key = (mixes.middle, HH[0], MORE)
    assert measured[*key, "as trained", "accuracy"] == measured[*key, "one temperature", "accuracy"]
    for metric in ("size", "ece", "ece_paper", "log_loss"):
        scaled, trained = ((*key, rewards, metric) for rewards in ("one temperature", "as trained"))
        assert after[scaled] == pytest.approx(measured[scaled], rel=1e-5)
        assert after[trained] != pytest.approx(measured[trained], rel=0.1)


def test_means_and_contrasts_are_of_the_measures(mixes, registry, measured):
    table = measure.measures(mixes, registry)
    key = (mixes.middle, "as trained", "log_loss")
    both = [measured[mixes.middle, source, "top", *key[1:]] for source in HH]
    assert values(measure.means(table))[mixes.middle, "top", *key[1:]] == pytest.approx(
        np.mean(both)
    )
    one, other = (measured[mixes.middle, HH[0], name, *key[1:]] for name in (MORE, MULTITASK))
    found = values(measure.contrasts(table))[mixes.middle, HH[0], *key[1:]]
    assert found == pytest.approx(one - other)


@pytest.mark.parametrize("reading", ["by sign", "one box"])
def test_outliers_are_those_of_each_model(mixes, reading):
    margin = mixes.margin(MORE)[:1, mixes.source == HH[1]]
    found = measure.extremes(margin, reading)
    raw, free = (outliers(margin[0], reading, scale_free) for scale_free in (False, True))
    for side in ("positive", "negative"):
        assert found[f"{side}_count"] == getattr(raw, f"{side}_count")
        for name, expected in ((f"{side}_mean", raw), (f"{side}_mean_sd", free)):
            np.testing.assert_allclose(found[name], getattr(expected, f"{side}_mean"), rtol=1e-9)
    number = raw.positive_count + raw.negative_count
    assert found["share"] == pytest.approx(100 * number / margin.shape[1])


def test_outliers_of_several_seeds_are_pooled():
    calm = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]
    found = measure.extremes(np.array([calm, [*calm[:7], 10.0, 30.0]]), "by sign")
    # Half an outlier is no outlier: the model that has none does not pull the mean to 0.
    assert (found["positive_count"], found["positive_mean"]) == (1.0, 20.0)
    none = measure.extremes(np.array([calm, calm]), "by sign")
    assert none["positive_count"] == 0
    assert np.isnan([none["positive_mean"], none["positive_mean_sd"]]).all()


def test_scale_changes_the_means_of_outliers_but_not_their_number(mixes, registry):
    before, after = (
        values(measure.outlying(one, registry)).loc[mixes.middle, HH[0], MULTITASK, "by sign"]
        for one in (mixes, enlarged(mixes, MULTITASK, 4.0))
    )
    factor = [4.0 if name.endswith("_mean") else 1.0 for name in before.index]
    np.testing.assert_allclose(after, before * factor, rtol=1e-5)


def test_the_papers_numbers_stand_beside_the_base_of_their_table(mixes, registry):
    small, large = mixes.bases  # the second of two bases is the middle and the largest
    assert measure.table_bases(("s", "m", "l")) == {
        "more.table5": "s", "more.table6": "m", "more.table1": "l",
    }  # fmt: skip
    found = values(measure.outlying(mixes, registry), "paper")
    printed = registry.printed("more.table5", "Harmless", "Single")
    assert found[small, "harmless", "top", "by sign", "negative_mean"] == printed["neg_mean"]
    printed = registry.printed("more.table1", "Helpful", "MORE")
    pairs = registry.printed("more.table4", "Anthropic Helpful", "test")
    share = 100 * (printed["pos_count"] + printed["neg_count"]) / pairs
    assert found[large, "helpful", MORE, "one box", "share"] == pytest.approx(share)
    table = measure.measures(mixes, registry)
    known = table[table["paper"].notna()]
    assert set(known["metric"]) == {"ece", "ece_paper"} and set(known["rewards"]) == {"as trained"}
    assert values(table, "paper")[large, "helpful", MORE, "as trained", "ece"] == printed["ece"]


def test_factors_minimise_the_log_loss(mixes):
    found = values(measure.factors(mixes))
    for scheme, source in ((MORE, "all"), ("top", HH[1])):
        margin = mixes.margin(scheme)[:, (mixes.source == source) | (source == "all")]
        best = [
            minimize_scalar(lambda f, m=row: np.logaddexp(0, -f * m).mean(), bounds=(0, 20)).x
            for row in margin
        ]
        assert found[mixes.middle, source, scheme] == pytest.approx(np.mean(best), rel=1e-3)


def test_sizes_have_a_model_for_each_source_and_steps_are_means_over_folds(mixes):
    assert measure.sizes(mixes, "multitask", mixes.middle).shape == (1, 2, 10)
    assert measure.sizes(mixes, "single", mixes.middle).shape == (5, 2, 10)
    other = mixes.steps.assign(size=mixes.steps["size"] + 2)
    folds = replace(mixes, steps=pd.concat([mixes.steps, other], ignore_index=True))
    one, both = (measure.sizes(part, "multitask", mixes.middle) for part in (mixes, folds))
    np.testing.assert_allclose(both, one + 1)


def test_trends_are_spearmans_and_the_second_half_stands_apart(mixes):
    rng = np.random.default_rng(0)
    noisy = replace(mixes, steps=mixes.steps.assign(size=rng.normal(size=len(mixes.steps))))
    size = measure.sizes(noisy, "single", mixes.middle).reshape(10, 10)
    expected = np.mean([spearmanr(range(10), row).statistic for row in size])
    assert values(measure.trends(noisy))[mixes.middle, "single", "all"] == pytest.approx(expected)
    dip = replace(mixes, steps=mixes.steps.assign(size=abs(mixes.steps["step"] - 6.0)))
    found = values(measure.trends(dip))[mixes.middle, "multitask"]
    assert abs(found["all"]) < 0.5 and found["second half"] == pytest.approx(1)


def test_rescaled_rewards_look_calibrated_only_where_both_orders_fall_into_one_bin(mixes, measured):
    curves = measure.rescaled(mixes, mixes.middle, HH[0], (1e-3, 1.0, 2.0)).set_index("factor")
    for form, rows in curves.loc[1e-3].groupby("form"):
        options = FORMS[form]
        both_in_one = options["orientation"] == "both" and options["binning"] == "width"
        hidden = both_in_one and options["bins"] % 2
        assert (rows["ece"] < 1e-12).all() if hidden else (rows["ece"] > 0.05).all(), form
    for form, metric in ((STANDARD, "ece"), (PAPER_FORM, "ece_paper")):
        rows = curves.loc[1.0]
        for row in rows[rows["form"] == form].itertuples():
            own = measured[mixes.middle, HH[0], row.scheme, "as trained"]
            assert (row.ece, row.size) == pytest.approx((own[metric], own["size"]))
    np.testing.assert_allclose(curves.loc[2.0, "size"], 2 * curves.loc[1.0, "size"])


@pytest.mark.parametrize("binning", ["mass", "width"])
def test_distances_from_the_diagonal_make_up_the_ece(mixes, binning):
    bins = measure.reliability_bins(mixes, mixes.middle, HH[0], 0, 5, binning)
    assert set(bins["scheme"]) == {"raw", "top", "multitask", "more"}
    for _, rows in bins.groupby(["scheme", "orientation"]):
        distance = abs(rows["accuracy"] - rows["confidence"]).fillna(0)
        ece = (rows["count"] * distance).sum() / rows["count"].sum()
        assert ece == pytest.approx(rows["ece"].iloc[0])


def test_growth_is_the_mean_over_sources(mixes):
    by_source = {f"single-{name}": 1.0 + place for place, name in enumerate(mixes.sources)}
    scheme = mixes.steps["rm"].map(mixes.rms.set_index("rm")["scheme"])
    planted = replace(mixes, steps=mixes.steps.assign(size=scheme.map(by_source).fillna(9.0)))
    table = measure.growth(planted).set_index(["base", "scheme"])["size"]
    np.testing.assert_allclose(table[mixes.middle, "single"], 3.0)
    np.testing.assert_allclose(table[mixes.middle, "more"], 9.0)


def test_a_pair_cancels_where_both_orders_fall_into_the_middle_bin(mixes):
    margin = mixes.margin(MORE)[:, mixes.source == HH[0]]
    confidence = 1 / (1 + np.exp(-margin))
    inside = ((confidence > 0.4) & (confidence < 0.6)).mean()
    assert measure.cancelled(mixes, mixes.middle, HH[0])[MORE] == pytest.approx(inside)
