import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import (
    FORMS,
    PAPER_FORM,
    STANDARD,
    Draws,
    accuracy,
    ece,
    size,
)
from proxyreward.findings.more.more_sources.curves import (
    ACCURACY,
    SCALED,
    SIZE,
    Curves,
    contrasts,
    evaluated,
    orders,
)
from proxyreward.vocabulary import HH


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60)


@pytest.fixture(scope="module")
def draws(planted):
    return Draws.of(planted, 20, np.random.default_rng(0))


@pytest.fixture(scope="module")
def curves(planted, draws):
    return Curves.of(planted, draws)


def test_each_point_is_the_model_that_it_names(planted, draws, curves):
    assert curves.counts == (2, 3, 4, 5) and orders(planted) == [0, 1, 2]
    points = {
        (0, 0): ["more-added", 2, 0],
        (2, 0): ["more-added", 2, 0],  # all orders begin with the same two sources
        (1, 2): ["more-added", 4, 1],
        (2, 1): ["more-added", 3, 2],
        (2, 3): ["more", 5, 0],  # and end with all
    }
    for (order, place), (scheme, k, at) in points.items():
        margin = planted.margin(scheme, k=k, order=at)
        for i, name in enumerate(HH):
            expected = draws.evaluate(ece(), margin, name)
            np.testing.assert_array_equal(curves.added[:, order, place, i], expected)


def test_a_fixed_total_begins_with_two_sources_at_full_size(planted, draws, curves):
    np.testing.assert_array_equal(curves.fixed[:, 0], curves.added[:, 0, 0])
    margin = planted.margin("more-fixed-total", k=5)
    expected = draws.evaluate(ece(), margin, HH[1])
    np.testing.assert_array_equal(curves.fixed[:, 3, 1], expected)


def test_top_is_each_sources_own_model(planted, draws, curves):
    for i, name in enumerate(HH):
        expected = draws.evaluate(ece(), planted.margin(f"single-{name}"), name)
        np.testing.assert_array_equal(curves.top[:, i], expected)


def test_mean_over_orders(curves):
    np.testing.assert_allclose(curves.mean[:, 1], curves.added[:, :, 1].mean(axis=1))
    np.testing.assert_allclose(curves.mean[:, 0], curves.added[:, 0, 0])


def test_other_measures(planted, draws):
    margin = planted.margin("more")
    for measure, metric in ((SIZE, size), (ACCURACY, accuracy)):
        found = evaluated(margin, draws, measure)
        np.testing.assert_array_equal(found[:, 0], draws.evaluate(metric, margin, HH[0]))
    paper = evaluated(margin, draws, form=PAPER_FORM)
    assert not np.allclose(paper, evaluated(margin, draws))
    with pytest.raises(ValueError, match="measure"):
        evaluated(margin, draws, "loss")
    with pytest.raises(ValueError, match="form"):
        evaluated(margin, draws, form="7 bins")


def test_a_temperature_takes_the_scale_out_but_accuracy_stays(planted, draws):
    margin = planted.margin("more")
    plain, large = (evaluated(m, draws, SCALED) for m in (margin, 3 * margin))
    np.testing.assert_allclose(plain, large, atol=1e-9)
    assert not np.allclose(evaluated(margin, draws), evaluated(3 * margin, draws))


def test_a_temperature_is_that_of_the_test_source(planted, draws):
    margin = planted.margin("more")
    other = margin.copy()
    other[:, planted.source == "webgpt"] *= -50
    before, after = (evaluated(m, draws, SCALED) for m in (margin, other))
    np.testing.assert_array_equal(before, after)


def test_contrasts_are_paired_differences(planted, draws, curves):
    found = contrasts(planted, draws)
    np.testing.assert_allclose(found["top"], curves.added[:, 0, -1] - curves.top)
    np.testing.assert_allclose(found["two"], curves.added[:, 0, -1] - curves.added[:, 0, 0])
    # The controls exist on the middle base only.
    assert set(contrasts(planted, draws, base=planted.bases[0])) == {"top"}


def test_fewer_resamples_are_the_first_ones(planted, draws):
    few = draws.first(5)
    whole = contrasts(planted, draws)["top"]
    np.testing.assert_array_equal(contrasts(planted, few)["top"], whole[:6])


def test_every_form_is_known(planted, draws):
    few = draws.first(1)
    values = {form: evaluated(planted.margin("more"), few, form=form)[0, 0] for form in FORMS}
    assert STANDARD in values and all(0 <= value <= 1 for value in values.values())
