"""MORE on two to all sources: plain computations, planted growth and cancelling, and drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.figures import dots, lines, names, title
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures, with_margins
from tests.findings.tables import compared, replicated, told

from proxyreward.findings.more.mixtures import DISTINCT, FORMS, accuracy, printed_outliers, size
from proxyreward.findings.more.more_sources import claims, measure, show
from proxyreward.metrics.calibration import pair_ece
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS, TOP

STEPS = 12
SIZES = {"helpful": 200, "harmless": 160, "oasst": 80, "webgpt": 60, "summarize": 500}
KEYS = ["measure", "form", "source", "curve", "k"]


def tables(planted):
    """All that is measured over replicates."""
    curves, gains = measure.curves(planted), measure.gains(planted)
    return {
        "curves": curves,
        "forms": measure.forms(curves),
        "norms": measure.norms(planted),
        "weights": measure.mean_weights(planted),
        "gains": gains,
        "association": measure.association(gains, shares(planted)),
    }


def shares(planted):
    training = pd.DataFrame({"source": SIZES.keys(), "pairs": SIZES.values(), "part": "training"})
    return measure.shares(planted, pd.concat([training, training.assign(pairs=7, part="test")]))


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60, steps=STEPS, orders=2)


@pytest.fixture(scope="module")
def own(planted):
    return tables(planted)


@pytest.fixture(scope="module")
def curves(own):
    return own["curves"]


def values(table, keys):
    return table.set_index(keys)["value"].sort_index()


def test_each_point_is_the_model_that_it_names(planted, curves):
    value = values(curves, KEYS)
    points = {
        ("order 0", 2): ["more-added", 2, 0],
        ("order 2", 2): ["more-added", 2, 0],  # all orders begin with the same two sources
        ("order 1", 4): ["more-added", 4, 1],
        ("order 2", 5): ["more", 5, 0],  # and end with all
        ("fixed total", 2): ["more-added", 2, 0],
        ("fixed total", 5): ["more-fixed-total", 5, 0],
        ("top", 1): [TOP, None, 0],
    }
    for point, (scheme, k, order) in points.items():
        margin = planted.margin(scheme, k=k, order=order)
        for name in HH:
            own = margin[:, planted.source == name]
            for form in DISTINCT:
                expected = pair_ece(own, **FORMS[form]).mean()
                assert value["ece", form, name, *point] == pytest.approx(expected), (point, form)
            assert value["size", "any", name, *point] == pytest.approx(size(own).mean())
            assert value["accuracy", "any", name, *point] == pytest.approx(accuracy(own).mean())
    by_order = [value["ece", "paper", "harmless", f"order {i}", 4] for i in range(3)]
    mean = value["ece", "paper", "harmless", "mean of orders", 4]
    assert mean == pytest.approx(np.mean(by_order))
    assert not curves.duplicated(KEYS).any()


def test_a_temperature_is_that_of_the_test_source_and_takes_the_scale_out(planted, curves):
    factor = np.where(planted.source == "webgpt", -50, 3)
    changed = with_margins(
        planted, {name: factor * planted.margins[name] for name in planted.names("more")}
    )
    before, after = values(curves, KEYS), values(measure.curves(changed), KEYS)
    place = ("standard", "helpful", "order 0", 5)
    assert after["scaled", *place] == pytest.approx(before["scaled", *place])
    assert after["ece", *place] != pytest.approx(before["ece", *place], abs=0.01)


def test_differences_are_those_of_the_curves_and_to_top_on_every_base(
    planted, own, curves, registry
):
    value, found = values(curves, KEYS), own["forms"]
    assert found.groupby("measure")["form"].nunique().to_dict() == {
        "ece": 8,
        "floor": 8,
        "scaled": 2,
    }
    for row in found.itertuples():
        last = value[row.measure, row.form, row.source, "order 0", 5]
        less = ("top", 1) if row.against == "top" else ("order 0", 2)
        other = value[row.measure, row.form, row.source, *less]
        of_floor = row.measure == "floor"
        assert row.value == pytest.approx(max(last, other) if of_floor else last - other)
    alone = measure.alone(planted, registry).set_index(["base", "source"])
    form = values(found, ["measure", "form", "against", "source"])
    found = quantities(planted, registry)
    for name in HH:
        expected = form["ece", "standard", "top", name]
        assert found[f"{name}: ECE with all sources minus Top"].own == pytest.approx(expected)
        assert alone.at[(planted.main, name), "value"] == pytest.approx(expected)
    for base, table, top in (("16x1x2", "table5", "Single"), ("32x1x2", "table1", "Top")):
        printed = registry.printed(f"more.{table}", "Harmless")
        expected = printed["MORE"]["ece"] - printed[top]["ece"]
        assert alone.at[(base, "harmless"), "paper"] == pytest.approx(expected)


def test_relative_lengths_are_means_of_ratios(planted, own):
    length = values(own["norms"], ["kind", "weights", "k"])
    steps = planted.steps.set_index("rm")
    orders = [planted.names("more-added", k=3, order=order) for order in range(3)]
    for (kind, weights, k), models in {
        ("parts", "equal", 3): planted.names("more-splits", k=3),
        ("sources", "combined", 3): np.ravel(orders),
        ("sources", "combined", 5): planted.names("more"),
    }.items():
        ratios = steps.loc[models, weights] / steps.loc[models, "single"]
        assert length[kind, weights, k] == pytest.approx(ratios.mean())
    gap = length["sources"] - length["parts"]
    np.testing.assert_allclose(length["sources - parts"].loc[gap.index], gap)
    for kind in ("sources", "parts"):  # the shortest combination is no longer than the equal one
        assert (length[kind, "combined"] <= length[kind, "equal"] + 1e-12).all()


def test_every_run_is_cut_to_the_shortest(planted):
    short, steps = planted.names("more-splits", k=5), planted.steps
    cut = replace(planted, steps=steps[~steps["rm"].isin(short) | (steps["step"] <= 4)])
    assert (measure.compared(planted), measure.compared(cut)) == (STEPS, 4)
    assert measure.compared(cut, 9) == 4
    pd.testing.assert_frame_equal(measure.norms(cut), measure.norms(planted, first=4))
    assert not measure.norms(cut).equals(measure.norms(planted))


def test_weights_of_a_step_and_their_means_sum_to_one(planted, own):
    means = own["weights"]
    np.testing.assert_allclose(means.groupby(["scheme", "base"])["value"].sum(), 1)
    mean = values(means, ["scheme", "base", "source"])["public-code", planted.main]
    runs = measure.step_weights(planted, "public-code", planted.main)
    assert runs["oasst"].shape == (1, STEPS)
    np.testing.assert_allclose(sum(runs.values()), 1)
    np.testing.assert_allclose(mean[list(runs)], [run.mean() for run in runs.values()])


def test_relative_gain_is_one_for_the_own_model_and_zero_for_the_untrained(planted):
    """Both seeds of Top and Raw are made alike, as the control has one."""
    alike = {
        other: planted.margins[one]
        for scheme in ("raw", *(f"single-{name}" for name in planted.sources))
        for one, other in [planted.names(scheme)]
    }
    planted = with_margins(planted, alike)
    as_top = zip(planted.names(MULTITASK_AS_IS), planted.margin(TOP)[:1], strict=True)
    as_raw = zip(planted.names(MULTITASK), planted.margin("raw"), strict=True)
    gain = measure.gains(with_margins(planted, dict([*as_top, *as_raw])))
    gain = values(gain, ["scheme", "source"])
    np.testing.assert_allclose(gain[MULTITASK_AS_IS], 1)
    np.testing.assert_allclose(gain[MULTITASK], 0)


def test_association_with_the_share_is_spearmans(planted, own):
    share = shares(planted)["share"]
    np.testing.assert_allclose(share, np.array(list(SIZES.values())) / 1000)
    found = own["association"].set_index("scheme")["value"]
    by = {name: rows["value"].to_numpy() for name, rows in own["gains"].groupby("scheme")}
    change = by[MULTITASK_AS_IS] - by[MULTITASK]
    assert found[MULTITASK] == pytest.approx(spearmanr(share, by[MULTITASK]).statistic)
    assert found["difference"] == pytest.approx(spearmanr(share, change).statistic)


def test_a_source_without_a_gain_of_its_own_is_undefined(planted):
    as_raw = dict(zip(planted.names("single-oasst"), planted.margin("raw"), strict=True))
    gain = measure.gains(with_margins(planted, as_raw))
    assert gain.loc[gain["source"] == "oasst", "value"].isna().all()
    assert measure.association(gain, shares(planted))["value"].isna().all()


KNOWLEDGE = 0.7
RIGHT = calibrated(KNOWLEDGE)
LENGTHS = {2: 0.8, 3: 0.6, 4: 0.45, 5: 0.3}


def quantities(planted, registry):
    alone = measure.alone(planted, registry)
    return claims.quantities(tables(planted), alone, shares(planted), planted.main)


def effect(excess, top, by_share):
    """MORE on k sources has margins `excess[k]` times too large, the own models `top` times.

    What MultiTask knows of a source, taken as it is, rises (or falls) with the source's share.
    """
    others = by_scheme({"own": Effect(0.9, top * calibrated(0.9))})
    order = sorted(SIZES, key=SIZES.get, reverse=not by_share)

    def found(rm, source):
        if rm["scheme"] == "multitask-as-is":
            return Effect(-0.2 + 0.25 * order.index(source), 1.0)
        if rm["scheme"] == "more-fixed-total":
            return Effect(KNOWLEDGE, RIGHT * (6 + rm["k"]))
        if rm["scheme"].startswith("more"):
            return Effect(KNOWLEDGE, RIGHT * excess[rm["k"]])
        return others(rm, source)

    return found


def with_lengths(planted, of_sources, of_parts):
    """The same mixtures with combined gradients of these relative lengths, by K."""
    steps = planted.steps.merge(planted.rms[["rm", "scheme", "k"]])
    parts = steps["scheme"] == "more-splits"
    length = np.where(parts, steps["k"].map(of_parts), steps["k"].map(of_sources))
    steps["combined"] = steps["single"] * length
    return replace(planted, steps=steps.drop(columns=["scheme", "k"]))


@pytest.fixture(scope="module")
def grown(registry):
    """Calibration comes with sources; gradients of sources cancel, those of parts do not."""
    planted = mixtures(effect({2: 8, 3: 4, 4: 2, 5: 1}, 5, True), pairs=220, steps=20)
    return quantities(with_lengths(planted, LENGTHS, dict.fromkeys(LENGTHS, 0.9)), registry)


@pytest.fixture(scope="module")
def shrunk(registry):
    """The opposite of all that."""
    planted = mixtures(effect({2: 1, 3: 2, 4: 4, 5: 8}, 1, False), pairs=150, steps=20)
    rising = {2: 0.5, 3: 0.6, 4: 0.7, 5: 0.8}
    return quantities(with_lengths(planted, rising, dict.fromkeys(rising, 0.4)), registry)


def test_planted_effects_move_what_claims_compare_which_is_all_that_is_measured(
    grown, shrunk, registry
):
    spoken = set()
    for claim in registry.measured_by("more_sources"):
        for comparison in compared(claim):
            sign = 1 if comparison.sign == ">" else -1
            assert (sign * told(grown, comparison.name) > 0.05).all(), comparison
            assert (sign * told(shrunk, comparison.name) < -0.05).all(), comparison
            spoken |= set(told(grown, comparison.name, *claim.beside).index)
    assert spoken == set(grown)


def test_controls_tell_what_is_due_to_size_alone(grown):
    text = "*: ECE with all sources minus"
    assert (told(grown, f"{text} with two, mean over orders") < -0.05).all()
    assert (told(grown, f"{text} with two, fixed total of pairs") > -0.05).all()
    # Knowledge does not grow, so nothing is left after temperature scaling.
    assert told(grown, f"{text} with two, after temperature scaling").abs().max() < 0.06
    lengths = told(grown, "5 sources: relative length * minus that *")
    assert lengths.tolist() == pytest.approx([0.3 - 0.45, 0.3 - 0.9])


def test_the_smallest_scale_has_the_same_quantities_but_for_other_bases(grown, registry):
    found = quantities(mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=1), registry)
    assert {name for name in grown if "base" not in name} <= set(found)
    assert np.isfinite(told(found, "*: relative length *")).all()


@pytest.fixture(scope="module")
def shown(own):
    return replicated(own)


def test_curves_stand_beside_top_and_the_paper(shown, registry):
    paper = {source: printed_outliers(registry, "Pythia-2.8B", source) for source in HH}
    curves = show.chosen(shown["curves"], "ece")
    floors = show.chosen(shown["curves"], "floor")
    figure = show.plot_curves(curves, floors, paper)
    for axis, source in zip(figure.axes[:2], HH, strict=True):
        own = curves[curves["source"] == source].set_index("curve")["estimate"]
        [band] = [patch.get_bbox() for patch in axis.patches if "floor" in patch.get_label()]
        largest = floors.loc[floors["source"] == source, "estimate"].max()
        assert (band.y0, band.y1) == pytest.approx((0, largest))
        heights = {label: line.get_ydata() for label, line in lines(axis).items()}
        assert set(heights["Top"]) == {own["top"]}
        assert heights["paper: MORE"][0] == paper[source]["more"]["ece"]
        assert heights["paper: Top"][0] == paper[source]["top"]["ece"]
        np.testing.assert_allclose(dots(axis)["paper's order"][:, 1], own["order 0"])
        np.testing.assert_allclose(dots(axis)["fixed total of pairs"][:, 1], own["fixed total"])
        assert axis.get_xticks().tolist() == [2, 3, 4, 5]


def test_a_measure_and_a_form_are_chosen_and_unknown_ones_told(shown):
    assert set(show.chosen(shown["curves"], "scaled", "paper")["form"]) == {"paper"}
    size = show.chosen(shown["curves"], "size", "paper")
    assert set(size["form"]) == {"any"} and len(size) == 38
    figure = show.plot_curves(size)
    assert "paper: MORE" not in lines(figure.axes[0])
    assert "reward difference" in figure.axes[0].get_ylabel()
    for wrong in (("loss", "paper"), ("ece", "7 bins")):
        with pytest.raises(ValueError, match="must be one of"):
            show.chosen(shown["curves"], *wrong)


def test_a_row_for_each_form_in_figure_and_table(shown):
    axis = show.plot_forms(shown["forms"]).axes[0]
    labels = names(axis)
    assert labels[0].startswith("standard: 10 of equal\nmass") and labels[-1].endswith("scaled")
    assert len(labels) == len(set(labels)) == 10
    rows = shown["forms"].query("against == 'two' and source == 'helpful'").set_index("measure")
    two = axis.collections[1].get_offsets()[:, 0]
    np.testing.assert_allclose(two, [*rows.loc["ece", "estimate"], *rows.loc["scaled", "estimate"]])
    cells = show.forms_table(shown["forms"], "top")
    assert cells["Form"].iloc[-1] == "paper, after temperature scaling" and len(cells) == 10
    row = shown["forms"].query("form == 'standard' and measure == 'ece' and against == 'top'")
    row = row.set_index("source").loc["harmless"]
    expected = f"{row['estimate']:.3f} [{row['low']:.3f},\u00a0{row['high']:.3f}]"
    assert cells.loc[0, "harmless"] == expected


def test_lengths_of_sources_and_parts_with_both_weights(shown):
    [axis] = show.plot_norms(shown["norms"]).axes
    own = shown["norms"].query("kind == 'parts' and weights == 'equal'")["estimate"]
    np.testing.assert_allclose(dots(axis)["parts of one, equal weights"][:, 1], own)
    reference = lines(axis)["orthogonal gradients"]
    np.testing.assert_allclose(reference.get_ydata(), [2**-0.5, 3**-0.5, 0.5, 5**-0.5])


def test_each_source_has_its_weights_raw_and_smoothed(planted, shown):
    figure = show.plot_weights(planted, shown["weights"], "more", planted.main, window=3)
    panels = figure.axes[:5]
    assert [title(axis) for axis in panels] == list(planted.sources)
    weights = measure.step_weights(planted, "more", planted.main)
    for axis, runs in zip(panels, weights.values(), strict=True):
        *thin, thick = axis.lines[:3]
        for line, run in zip(thin, runs, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), run)
        mean = runs.mean(axis=0)
        ends = [mean[:2].mean(), mean[:3].mean(), mean[-2:].mean()]
        np.testing.assert_allclose(np.asarray(thick.get_ydata())[[0, 1, -1]], ends)
    with pytest.raises(ValueError, match=r"no weights of multitask.*more on base"):
        show.plot_weights(planted, shown["weights"], "multitask", planted.main)


def test_sources_stand_in_the_order_of_their_shares(planted, shown):
    [axis] = show.plot_gains(shown["gains"], shares(planted)).axes
    assert names(axis, "x")[::4] == ["webgpt\n6%", "summarize\n50%"]
    own = shown["gains"].query("scheme == 'multitask'").set_index("source")["estimate"]
    order = shares(planted).sort_values("share")["source"]
    np.testing.assert_allclose(dots(axis)["MultiTask, equal sizes"][:, 1], own[order])
