"""Curves, lengths, weights and gains against plain computations and invariances."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import DISTINCT, FORMS, accuracy, size
from proxyreward.findings.more.more_sources import measure
from proxyreward.metrics.calibration import pair_ece
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS, TOP

STEPS = 12
SIZES = {"helpful": 200, "harmless": 160, "oasst": 80, "webgpt": 60, "summarize": 500}
KEYS = ["measure", "form", "source", "curve", "k"]


def statistics(sizes=SIZES):
    training = pd.DataFrame({"source": sizes.keys(), "pairs": sizes.values(), "part": "training"})
    return pd.concat([training, training.assign(pairs=7, part="test")])


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60, steps=STEPS)


@pytest.fixture(scope="module")
def curves(planted):
    return measure.curves(planted)


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
    changed = planted.margins.copy()
    for name in planted.names("more"):
        changed[name] *= np.where(planted.source == "webgpt", -50, 3)
    before, after = (
        values(curves, KEYS),
        values(measure.curves(replace(planted, margins=changed)), KEYS),
    )
    place = ("standard", "helpful", "order 0", 5)
    assert after["scaled", *place] == pytest.approx(before["scaled", *place])
    assert after["ece", *place] != pytest.approx(before["ece", *place], abs=0.01)


def test_differences_are_those_of_the_curves(curves):
    value, found = values(curves, KEYS), measure.forms(curves)
    assert found.groupby("measure")["form"].nunique().to_dict() == {"ece": 8, "scaled": 2}
    for row in found.itertuples():
        last = value[row.measure, row.form, row.source, "order 0", 5]
        less = ("top", 1) if row.against == "top" else ("order 0", 2)
        assert row.value == pytest.approx(last - value[row.measure, row.form, row.source, *less])


def test_the_middle_base_alone_is_the_difference_to_top(planted, curves, registry):
    found = measure.alone(planted, registry).set_index(["base", "source"])
    form = values(measure.forms(curves), ["measure", "form", "against", "source"])
    for name in HH:
        row = found.loc[(planted.middle, name)]
        assert row["value"] == pytest.approx(form["ece", "standard", "top", name])
    printed = registry.printed("more.table6", "Helpful")
    expected = printed["MORE"]["ece"] - printed["Single"]["ece"]
    assert found.loc[(planted.middle, "helpful"), "paper"] == pytest.approx(expected)
    largest = registry.printed("more.table1", "Harmless")
    expected = (largest["MORE"]["ece"], largest["Top"]["ece"])
    assert measure.paper_top(registry, 2)["harmless"] == expected


def test_relative_lengths_are_means_of_ratios(planted):
    length = values(measure.norms(planted), ["kind", "weights", "k"])
    steps = planted.steps.set_index("rm")

    def expected(names, column):
        rows = steps.loc[names]
        return (rows[column] / rows["single"]).mean()

    parts = expected(planted.names("more-splits", k=3), "equal")
    assert length["parts", "equal", 3] == pytest.approx(parts)
    three = [expected(planted.added_names(3, order), "combined") for order in range(3)]
    assert length["sources", "combined", 3] == pytest.approx(np.mean(three))
    every = expected(planted.names("more"), "combined")
    assert length["sources", "combined", 5] == pytest.approx(every)
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


def test_weights_of_a_step_and_their_means_sum_to_one(planted):
    means = measure.mean_weights(planted)
    np.testing.assert_allclose(means.groupby(["scheme", "base"])["value"].sum(), 1)
    own = values(means, ["scheme", "base", "source"])["public-code", planted.middle]
    runs = [
        measure.step_weights(planted, "public-code", planted.middle, s) for s in planted.sources
    ]
    assert runs[0].shape == (2, STEPS)
    np.testing.assert_allclose(np.sum(runs, axis=0), 1)
    np.testing.assert_allclose(own[list(planted.sources)], [run.mean() for run in runs])


def test_relative_gain_is_one_for_the_own_model_and_zero_for_the_untrained(planted):
    margins = planted.margins.copy()
    for seed, rm in enumerate(planted.names(MULTITASK_AS_IS)):
        margins[rm] = planted.margin(TOP)[seed]
    for seed, rm in enumerate(planted.names(MULTITASK)):
        margins[rm] = planted.margin("raw")[seed]
    gain = values(measure.gains(replace(planted, margins=margins)), ["scheme", "source"])
    np.testing.assert_allclose(gain[MULTITASK_AS_IS], 1)
    np.testing.assert_allclose(gain[MULTITASK], 0)


def test_association_with_the_share_is_spearmans(planted):
    gain, share = measure.gains(planted), measure.shares(planted, statistics())
    np.testing.assert_allclose(share["share"], np.array(list(SIZES.values())) / 1000)
    found = measure.association(gain, share).set_index("scheme")["value"]
    by = {name: rows["value"].to_numpy() for name, rows in gain.groupby("scheme")}
    change = by[MULTITASK_AS_IS] - by[MULTITASK]
    assert found[MULTITASK] == pytest.approx(spearmanr(share["share"], by[MULTITASK]).statistic)
    assert found["difference"] == pytest.approx(spearmanr(share["share"], change).statistic)


def test_a_source_without_a_gain_of_its_own_is_undefined(planted):
    margins = planted.margins.copy()
    for own, raw in zip(planted.names("single-oasst"), planted.names("raw"), strict=True):
        margins[own] = margins[raw]
    gain = measure.gains(replace(planted, margins=margins))
    assert gain.loc[gain["source"] == "oasst", "value"].isna().all()
    assert measure.association(gain, measure.shares(planted, statistics()))["value"].isna().all()
