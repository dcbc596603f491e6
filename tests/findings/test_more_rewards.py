"""Size, outliers and calibration of rewards: plain computations, planted effects, and drawn."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from scipy.optimize import minimize_scalar
from scipy.stats import spearmanr
from tests.findings.figures import names
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures, with_margins
from tests.findings.tables import agrees, replicated

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS
from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD
from proxyreward.findings.more.more_rewards import claims, measure, show
from proxyreward.metrics.outliers import outliers
from proxyreward.vocabulary import HH, MORE, MULTITASK

# The paper's table of each base, and what it calls Top.
PRINTED = (("more.table5", "Single"), ("more.table1", "Top"))


def tables(mixes, registry):
    """What the stage writes over replicates."""
    measures = measure.measures(mixes, registry)
    return {
        "measures": measures,
        "means": measure.means(measures),
        "contrasts": measure.contrasts(measures),
        "outliers": measure.outlying(mixes, registry),
        "factors": measure.factors(mixes),
        "trends": measure.trends(mixes),
        "controls": measure.controls(mixes),
    }


@pytest.fixture(scope="module")
def mixes():
    return mixtures(orders=0)


@pytest.fixture(scope="module")
def own(mixes, registry):
    return tables(mixes, registry)


def values(table, column="value"):
    keys = [name for name in table if name not in ("value", "paper")]
    return table.set_index(keys)[column].sort_index()


def with_tails(mixes, powers):
    """Margins m become m |m| ** (power - 1): the larger the power, the more outliers."""
    found = {}
    for scheme, power in powers.items():
        for name in mixes.rms.loc[mixes.rms["scheme"].str.startswith(scheme), "rm"]:
            found[name] = mixes.margins[name] * abs(mixes.margins[name]) ** (power - 1)
    return with_margins(mixes, found)


def with_sizes(mixes, size):
    return replace(mixes, steps=mixes.steps.assign(size=size))


def test_one_temperature_leaves_accuracies_and_undoes_a_change_of_scale(mixes, own, registry):
    larger = with_margins(mixes, {name: 4 * mixes.margins[name] for name in mixes.names(MORE)})
    before, after = values(own["measures"]), values(measure.measures(larger, registry))
    key = (mixes.main, HH[0], MORE)
    assert before[*key, "as trained", "accuracy"] == before[*key, "one temperature", "accuracy"]
    for metric in ("size", "ece", "ece_paper", "log_loss"):
        scaled, trained = ((*key, rewards, metric) for rewards in ("one temperature", "as trained"))
        assert after[scaled] == pytest.approx(before[scaled], rel=1e-5)
        assert after[trained] != pytest.approx(before[trained], rel=0.1)


def test_means_and_contrasts_are_of_the_measures(mixes, own):
    value, key = values(own["measures"]), ("as trained", "log_loss")
    both = [value[mixes.main, source, "top", *key] for source in HH]
    mean = values(own["means"])[mixes.main, "top", *key]
    assert mean == pytest.approx(np.mean(both))
    one, other = (value[mixes.main, HH[0], name, *key] for name in (MORE, MULTITASK))
    found = values(own["contrasts"])[mixes.main, HH[0], *key]
    assert found == pytest.approx(one - other)


@pytest.mark.parametrize("reading", ["by sign", "one box"])
def test_outliers_are_those_of_each_model(mixes, reading):
    margin = mixes.margin(MORE)[:1, mixes.source == HH[1]]
    raw, sd = outliers(margin[0], reading), margin.std()
    expected = {
        "positive_count": raw.positive_count,
        "positive_mean": raw.positive_mean,
        "positive_mean_sd": raw.positive_mean / sd,
        "negative_count": raw.negative_count,
        "negative_mean": raw.negative_mean,
        "negative_mean_sd": raw.negative_mean / sd,
        "share": 100 * (raw.positive_count + raw.negative_count) / margin.shape[1],
    }
    found = measure.extremes(margin, reading)
    assert found == pytest.approx(expected, rel=1e-9, nan_ok=True) and found["share"] > 0


def test_outliers_of_several_seeds_are_pooled():
    calm = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]
    found = measure.extremes(np.array([calm, [*calm[:7], 10.0, 30.0]]), "by sign")
    # Half an outlier is no outlier: the model that has none does not pull the mean to 0.
    assert (found["positive_count"], found["positive_mean"]) == (1.0, 20.0)
    none = measure.extremes(np.array([calm, calm]), "by sign")
    assert none["positive_count"] == 0
    assert np.isnan([none["positive_mean"], none["positive_mean_sd"]]).all()


def test_the_papers_numbers_stand_beside_the_base_of_their_table(mixes, own, registry):
    found = values(own["outliers"], "paper")
    for base, (table, top) in zip(mixes.bases, PRINTED, strict=True):
        printed = registry.printed(table, "Harmless", top)
        assert found[base, "harmless", "top", "by sign", "negative_mean"] == printed["neg_mean"]
    printed = registry.printed("more.table1", "Helpful", "MORE")
    pairs = registry.printed("more.table4", "Anthropic Helpful", "test")
    share = 100 * (printed["pos_count"] + printed["neg_count"]) / pairs
    assert found[base, "helpful", MORE, "one box", "share"] == pytest.approx(share)
    known = own["measures"].query("paper.notna()")
    assert set(known["metric"]) == {"ece", "ece_paper"} and set(known["rewards"]) == {"as trained"}
    ece = values(own["measures"], "paper")[base, "helpful", MORE, "as trained", "ece"]
    assert ece == printed["ece"]


def test_controls_tell_whether_there_is_something_to_repair_and_whether_it_shows(registry):
    def told(times):
        found = measure.controls(world({"multitask": times}, seeds=2))
        return found.set_index("name")["value"].filter(like="32x1x2")

    sure, calm = told(5.0), told(1.0)
    factor = "32x1x2: inverse temperature of MultiTask"
    assert sure[factor] == pytest.approx(0.2, rel=0.2) and calm[factor] > 0.8
    above = "32x1x2: ECE of MultiTask above its floor, in floors"
    assert sure[above] > 2 > 1 > calm[above]
    ece, floor = (sure[f"32x1x2: {name} of MultiTask"] for name in ("ECE", "floor of the ECE"))
    assert sure[above] == pytest.approx(ece / floor - 1)
    found = quantities(world({"multitask": 5.0}, seeds=2), registry)
    assert large(found, "inverse temperature") == pytest.approx(sure[factor])


def test_factors_minimise_the_log_loss(mixes, own):
    found = values(own["factors"])
    for scheme, source in ((MORE, "all"), ("top", HH[1])):
        margin = mixes.margin(scheme)[:, (mixes.source == source) | (source == "all")]
        best = [
            minimize_scalar(lambda f, m=row: np.logaddexp(0, -f * m).mean(), bounds=(0, 20)).x
            for row in margin
        ]
        assert found[mixes.main, source, scheme] == pytest.approx(np.mean(best), rel=1e-3)


def test_sizes_have_a_model_for_each_source_and_steps_are_means_over_folds(mixes):
    assert measure.sizes(mixes, "single", mixes.main).shape == (5, 2, 10)
    other = mixes.steps.assign(size=mixes.steps["size"] + 2)
    folds = replace(mixes, steps=pd.concat([mixes.steps, other], ignore_index=True))
    one, both = (measure.sizes(part, "multitask", mixes.main) for part in (mixes, folds))
    np.testing.assert_allclose(both, one + 1)


def test_trends_are_spearmans_and_the_second_half_stands_apart(mixes):
    noisy = with_sizes(mixes, np.random.default_rng(0).normal(size=len(mixes.steps)))
    size = measure.sizes(noisy, "single", mixes.main).reshape(10, 10)
    expected = np.mean([spearmanr(range(10), row).statistic for row in size])
    assert values(measure.trends(noisy))[mixes.main, "single", "all"] == pytest.approx(expected)
    dip = with_sizes(mixes, abs(mixes.steps["step"] - 6.0))
    found = values(measure.trends(dip))[mixes.main, "multitask"]
    assert abs(found["all"]) < 0.5 and found["second half"] == pytest.approx(1)


def test_growth_is_the_mean_over_sources(mixes):
    by_source = {f"single-{name}": 1.0 + place for place, name in enumerate(mixes.sources)}
    scheme = mixes.steps["rm"].map(mixes.rms.set_index("rm")["scheme"])
    planted = with_sizes(mixes, scheme.map(by_source).fillna(9.0) + mixes.steps["step"])
    table = measure.growth(planted).set_index(["base", "scheme"])
    size = (table["size"] - table["step"]).loc[mixes.main]
    np.testing.assert_allclose(size["single"], 3.0)
    np.testing.assert_allclose(size["more"], 9.0)
    axis = show.plot_growth(measure.growth(mixes), window=1).axes[0]
    first, second, mean = (line.get_ydata() for line in axis.lines[:3])
    np.testing.assert_allclose(mean, (first + second) / 2)


def test_rescaled_rewards_look_calibrated_only_where_both_orders_fall_into_one_bin(mixes, own):
    curves = measure.rescaled(mixes, mixes.main, HH[0], (1e-3, 1.0, 2.0)).set_index("factor")
    for form, rows in curves.loc[1e-3].groupby("form"):
        options = FORMS[form]
        both_in_one = options["orientation"] == "both" and options["binning"] == "width"
        hidden = both_in_one and options["bins"] % 2
        assert (rows["ece"] < 1e-12).all() if hidden else (rows["ece"] > 0.05).all(), form
    value = values(own["measures"])
    for form, metric in ((STANDARD, "ece"), (PAPER_FORM, "ece_paper")):
        for row in select(curves.loc[1.0], form=form).itertuples():
            expected = value[mixes.main, HH[0], row.scheme, "as trained"]
            assert (row.ece, row.size) == pytest.approx((expected[metric], expected["size"]))
    np.testing.assert_allclose(curves.loc[2.0, "size"], 2 * curves.loc[1.0, "size"])


@pytest.mark.parametrize("binning", ["mass", "width"])
def test_distances_from_the_diagonal_make_up_the_ece(mixes, binning):
    bins = measure.reliability_bins(mixes, mixes.main, HH[0], 0, 5, binning)
    assert set(bins["scheme"]) == {"raw", "top", "multitask", "more"}
    for _, rows in bins.groupby(["scheme", "orientation"]):
        distance = abs(rows["accuracy"] - rows["confidence"]).fillna(0)
        ece = (rows["count"] * distance).sum() / rows["count"].sum()
        assert ece == pytest.approx(rows["ece"].iloc[0])


def test_a_pair_cancels_where_both_orders_fall_into_the_middle_bin(mixes):
    margin = mixes.margin(MORE)[:, mixes.source == HH[0]]
    confidence = 1 / (1 + np.exp(-margin))
    inside = ((confidence > 0.4) & (confidence < 0.6)).mean()
    assert measure.cancelled(mixes, mixes.main, HH[0])[MORE] == pytest.approx(inside)


def quantities(mixes, registry):
    return claims.quantities(tables(mixes, registry))


def world(sizes, seeds=1, **effects):
    """Schemes of equal knowledge with rewards that many times the calibrated ones."""
    effects = {name: Effect(0.7, size * calibrated(0.7)) for name, size in sizes.items()} | effects
    return mixtures(by_scheme(effects), pairs=300, bases=2, orders=0, seeds=seeds)


@pytest.fixture(scope="module")
def over_rewarded(registry):
    """The paper's story: plain training makes large rewards, most of all on mixed data."""
    mixes = world({"own": 2.5, "multitask": 10.0, "more": 1.0}, seeds=2)
    return quantities(with_tails(mixes, {"single": 2, "multitask": 4}), registry)


@pytest.fixture(scope="module")
def reversed_story(registry):
    mixes = world({"own": 2.5, "multitask": 1.0, "more": 10.0})
    tails = with_tails(mixes, {"single": 2, "more": 4})
    return quantities(with_sizes(tails, -tails.steps["size"]), registry)


def test_the_papers_story_and_its_opposite(over_rewarded, reversed_story, registry):
    for claim in registry.measured_by("more_rewards"):
        # One asks for accuracies that are equal to a point; a middle base takes three.
        if claim.id not in ("more.finding.overrewarding.c2", "more.table6.c1", "more.table6.c2"):
            assert agrees(claim, over_rewarded), claim.id
            assert not agrees(claim, reversed_story), claim.id


SIZES = {
    "multitask": 0.1, "upgrad": 0.15, "balanced": 0.2, "multitask-as-is": 0.3, "own": 0.45,
    "more-as-is": 0.6, "public-code": 0.8, "more": 1.0,
}  # fmt: skip
ASSOCIATION = "Spearman of mean |dr| and ECE over schemes"


def large(found, name):
    [quantity] = [q for key, q in found.items() if key.startswith("large") and name in key]
    return quantity.own


def test_size_goes_with_the_error_if_rewards_are_too_large_and_against_it_if_too_small(registry):
    small, many = SIZES, {name: 5 - 4 * size for name, size in SIZES.items()}
    assert large(quantities(world(small), registry), ASSOCIATION) < -0.5
    unequal = quantities(world(many, multitask=Effect(-0.5, 5.0)), registry)
    assert large(unequal, ASSOCIATION) > 0.5
    assert 0.2 < large(unequal, "mean of both: accuracy, MORE minus MultiTask") < 0.6


def test_a_middle_base_takes_three(over_rewarded, registry):
    assert not any(name.startswith("middle") for name in over_rewarded)
    three = quantities(mixtures(pairs=60, bases=3, orders=0, seeds=1), registry)
    assert any(name.startswith("middle base 32x1x2") for name in three)
    for what in (": ECE, MORE minus Top", ": accuracy, MORE minus MultiTask"):
        name = f", mean of both{what}"
        bases = ("small base 16x1x2", "middle base 32x1x2", "large base 64x1x4")
        each = [three[base + name].own for base in bases]
        assert three[f"every base{name}"].own == pytest.approx(np.mean(each))
        factors = [three[f"{base}: inverse temperature of MultiTask"].own for base in bases]
        assert three[f"most confident base{name}"].own == each[int(np.argmin(factors))]


def test_what_scale_alone_makes_vanishes_with_a_temperature_and_in_sd(registry):
    mixes = with_tails(mixtures(pairs=300, bases=2, orders=0), {"more": 3})
    plain, more = (
        [name for base in mixes.bases for name in mixes.names(scheme, base)]
        for scheme in ("multitask", "more")
    )
    longer = {one: 4 * mixes.margins[other] for one, other in zip(plain, more, strict=True)}
    found = quantities(with_margins(mixes, longer), registry)
    size = "mean size of outliers {}, MORE minus MultiTask"
    assert large(found, size.format("with one box")) < -1
    assert large(found, size.format("in sd of margins")) == pytest.approx(0, abs=1e-6)
    gap = ", helpful: ECE{}, MORE minus MultiTask"
    for form in ("", " in the paper's form"):
        assert large(found, gap.format(form)) < 0
    assert large(found, gap.format(" with one temperature")) == pytest.approx(0, abs=1e-6)
    share = ", helpful: outliers in % of pairs, MORE minus MultiTask"
    assert large(found, share) == 0


def test_growth_in_the_end_is_measured_against_the_untrained_model(mixes, own):
    found, base = claims.quantities(own), mixes.bases[-1]
    multitask, raw = (
        np.mean([abs(mixes.margin(name, base)[:, mixes.source == source]).mean() for source in HH])
        for name in ("multitask", "raw")
    )
    grown = large(found, "mean |dr| of MultiTask over that of Raw")
    assert grown == pytest.approx(multitask / raw)


def test_the_papers_differences_stand_beside(mixes, registry):
    own = tables(with_tails(mixes, dict.fromkeys(("single", "multitask", "more"), 3)), registry)
    printed = registry.printed("more.table1", "Helpful")
    more, plain = (printed[name] for name in ("MORE", "MultiTask"))
    head = f"large base {mixes.bases[-1]}, helpful: "
    found = claims.quantities(own)
    sizes = values(own["outliers"])[mixes.bases[0]].abs().unstack("scheme")
    sizes = sizes.query("reading == 'by sign' and statistic.str.endswith('_mean_sd')")
    both = f"small base {mixes.bases[0]}, mean of both: mean size of outliers"
    name = f"{both} in sd of margins, MORE minus Top"
    assert found[name].own == pytest.approx((sizes["more"] - sizes["top"]).mean())
    cells = [registry.printed("more.table5", source) for source in ("Helpful", "Harmless")]
    each = [
        abs(cell["MORE"][f"{side}_mean"]) - abs(cell["MultiTask"][f"{side}_mean"])
        for cell in cells for side in ("pos", "neg")
    ]  # fmt: skip
    assert found[f"{both}, MORE minus MultiTask"].paper == pytest.approx(np.mean(each))
    paper = {name.removeprefix(head): q.paper for name, q in found.items()}
    assert paper["ECE, MORE minus MultiTask"] == pytest.approx(more["ece"] - plain["ece"])
    other = registry.printed("more.table1", "Harmless")
    mean = np.mean([each["MORE"]["ece"] - each["Top"]["ece"] for each in (printed, other)])
    name = f"large base {mixes.bases[-1]}, mean of both: ECE, MORE minus Top"
    assert found[name].paper == pytest.approx(mean)
    mean = abs(more["neg_mean"]) - abs(plain["neg_mean"])
    assert paper["mean size of negative outliers, MORE minus MultiTask"] == pytest.approx(mean)
    count = more["pos_count"] + more["neg_count"] - plain["pos_count"] - plain["neg_count"]
    share = 100 * count / registry.printed("more.table4", "Anthropic Helpful", "test")
    assert paper["outliers in % of pairs, MORE minus MultiTask"] == pytest.approx(share)
    assert np.isnan(paper["ECE with one temperature, MORE minus MultiTask"])


@pytest.fixture(scope="module")
def shown(own):
    return replicated(own)


def dots(axis, scheme):
    """Estimates that are drawn in the colour of a scheme, in the order of the lines."""
    colour = to_rgba(SCHEME_COLOURS[scheme])
    found = [c for c in axis.collections if len(c.get_offsets()) and c.get_label()[0] != "_"]
    return [c.get_offsets() for c in found if to_rgba(c.get_edgecolor()[0]) == colour]


def diamonds(axis, scheme):
    """The paper's values in the colour of a scheme."""
    colour = to_rgba(SCHEME_COLOURS[scheme])
    lines = [line for line in axis.lines if line.get_marker() == "D"]
    return [line.get_xdata() for line in lines if to_rgba(line.get_color()) == colour]


def test_each_base_and_test_set_has_its_line(mixes, shown):
    [axis] = show.plot_sizes(shown["measures"]).axes
    places = list(product(mixes.bases, HH))
    assert names(axis) == [f"{source.title()}\n{base}" for base, source in places]
    rows = select(shown["measures"], metric="size", scheme="more", rewards="as trained")
    [drawn] = dots(axis, "more")
    expected = rows.set_index(["base", "source"])["estimate"][places]
    np.testing.assert_allclose(drawn[:, 0], expected)
    np.testing.assert_array_equal(np.round(drawn[:, 1] + 0.3), np.arange(4.0)[::-1])


def test_the_papers_values_stand_beside_ours_where_they_have_the_unit(shown, registry):
    _, means = show.plot_outliers(shown["outliers"], "by sign", scale_free=False).axes
    cells = product(PRINTED, ("Helpful", "Harmless"))
    expected = [registry.printed(table, on, top)["pos_mean"] for (table, top), on in cells]
    [positive] = [x for x in diamonds(means, "top") if min(x) > 0]
    np.testing.assert_allclose(positive, expected)
    _, free = show.plot_outliers(shown["outliers"], "by sign", scale_free=True).axes
    assert not diamonds(free, "top")
    first, second = show.plot_calibration(shown["measures"]).axes
    assert not diamonds(first, "more") and len(diamonds(second, "more")[0]) == 4


def test_points_of_a_box_plot_are_the_outliers_that_are_counted(mixes):
    axis = show.plot_boxes(mixes, "one box", 1).axes[3]  # second base, second test set
    counted = outliers(mixes.margin("more")[1, mixes.source == HH[1]], "one box")
    points = [line for line in axis.lines if line.get_marker() == "."]
    drawn = np.concatenate([p.get_ydata() for p in points if (p.get_xdata() == 2).all()])
    number = (counted.positive_count, counted.negative_count)
    assert ((drawn > 0).sum(), (drawn < 0).sum()) == number
    axis = show.plot_boxes(mixes, "by sign", 0).axes[0]
    ends = [box.get_path().get_extents().get_points()[:, 1] for box in axis.patches]
    assert len(ends) == 6 and (np.array(ends[:3]) >= 0).all() and (np.array(ends[3:]) <= 0).all()


def test_marks_lie_on_the_curve_and_none_is_drawn_outside_it(mixes, shown):
    curves = measure.rescaled(mixes, mixes.main, "helpful", 2.0 ** np.arange(-3, 2))
    fitted = show.scheme_factors(shown["factors"], mixes.main, "helpful")["own"]
    paper, forms = shown["measures"].query("metric == 'ece'")["paper"], (STANDARD, PAPER_FORM)
    figure = show.plot_rescaled(curves, fitted.replace(fitted["more"], 9.0), paper, forms)
    for axis, form in zip(figure.axes, forms, strict=True):
        rows = select(curves, form=form, scheme="multitask", factor=1)
        trained, best = [line for line in axis.lines if line.get_marker() == "o"]
        assert trained.get_xdata() == rows["size"].item()
        assert trained.get_ydata() == rows["ece"].item()
        size = fitted["multitask"] * rows["size"].item()
        assert best.get_xdata() == pytest.approx(size, rel=1e-6)
        _, outside = [line for line in axis.lines if line.get_marker() == "^"]
        assert np.isnan(outside.get_xdata())


def test_a_temperature_is_drawn_beside_the_rewards_as_trained(shown):
    figure, table = show.plot_temperature(shown["contrasts"]), shown["contrasts"]
    for axis, metric in zip(figure.axes, ("ece", "ece_paper", "log_loss"), strict=True):
        trained, scaled = dots(axis, "more")
        rows = table[table["metric"] == metric].groupby("rewards")["estimate"]
        np.testing.assert_allclose(trained[:, 0], rows.get_group("as trained"))
        np.testing.assert_allclose(scaled[:, 0], rows.get_group("one temperature"))
        assert (trained[:, 1] > scaled[:, 1]).all()


def test_tables_have_the_printed_numbers_in_brackets_and_the_factor_of_each_model(
    mixes, shown, registry
):
    base, printed = mixes.bases[-1], registry.printed("more.table1", "Helpful", "Top")
    rows = select(shown["outliers"], base=base, source="helpful", scheme="top", reading="by sign")
    ours = rows.set_index("statistic")["estimate"]
    plain, in_sd = (
        show.outlier_table(shown["outliers"], shown["measures"], base, "by sign", free).loc[0]
        for free in (False, True)
    )
    assert plain["ECE, paper"] == f"{printed['ece']:.3f}"
    assert plain["Wrong: number"] == f"{ours['negative_count']:.3g} ({printed['neg_count']})"
    mean, paper = ours["positive_mean_sd"], printed["pos_mean"]
    assert in_sd["Right: mean"] == f"{mean:.2f} ({paper:.2f})"
    table = show.temperature_table(shown["measures"], shown["factors"], base)
    cells = table.set_index(["Test set", "Scheme"])["Factor 1/T"]
    for source in HH:
        for scheme, name, fitted_on in (("top", "Top", source), ("more", "MORE", "all")):
            rows = select(shown["factors"], base=base, scheme=scheme, source=fitted_on)
            [row] = rows.itertuples()
            assert cells[source.title(), name].startswith(f"{row.estimate:.2f} [{row.low:.2f}")
    rescaled = measure.rescaled(mixes, base, "helpful", (0.5, 1))
    first = select(rescaled, scheme="more", form="standard", factor=0.5)["ece"].item()
    cells = show.form_table(rescaled, "more")
    assert cells.columns.tolist() == ["ECE with", "× 0.5", "× 1"]
    assert cells.iloc[0].tolist()[:2] == ["10 bins of equal mass, one order", f"{first:.3f}"]


def test_the_tally_counts_signs_and_intervals(shown):
    counts = show.tally(shown["contrasts"])
    rows = shown["contrasts"].query("metric == 'log_loss' and rewards == 'as trained'")
    assert counts.loc[("log_loss", "as trained"), "below"] == (rows["estimate"] < 0).sum()
    assert (counts["clear"] == 4).all()  # the replicates differ by a factor alone


def test_the_smallest_scale_measures_the_same_names_and_is_drawn(registry, over_rewarded):
    smoke = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3)
    own = tables(smoke, registry)
    assert set(claims.quantities(own)) == set(over_rewarded)
    small = replicated(own)
    bins = measure.reliability_bins(smoke, smoke.main, "helpful", 0, 10, "width")
    for figure in (
        show.plot_sizes(small["measures"]),
        show.plot_outliers(small["outliers"], "one box", scale_free=False),
        show.plot_calibration(small["measures"]),
        show.plot_temperature(small["contrasts"]),
        show.plot_size_and_error(small["means"]),
        show.plot_boxes(smoke, "by sign", 0),
        show.plot_growth(measure.growth(smoke)),
        show.plot_reliability(bins),
    ):
        figure.canvas.draw()
