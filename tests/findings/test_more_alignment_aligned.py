"""Perplexity and the other measured columns of Table 2."""

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.more.mixtures import Draws, ece
from proxyreward.findings.more.more_alignment.aligned import perplexity, policies
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import HH, MORE, MULTITASK


@pytest.fixture(scope="module")
def mixed():
    return mixtures(
        by_scheme({"multitask": Effect(0.7, 3 * calibrated(0.7))}), pairs=150, bases=2, orders=1
    )


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, nll={MORE: -0.1, MULTITASK: 0.1}, gain={MORE: 0.5})


@pytest.fixture(scope="module")
def table(mixed, told):
    draws = Draws.of(mixed, 100, np.random.default_rng(0))
    return policies(mixed, told, draws, 100, np.random.default_rng(1))


def test_perplexity_is_the_mean_of_examples_without_extremes():
    nll = np.log([2.0, 6.0, 9_999.0, 10_000.0, 1e300])
    mean, dropped = mean_perplexity(nll)
    assert perplexity(nll, np.ones(5)) == pytest.approx(mean)
    assert dropped == 2
    counts = np.array([[3, 1, 0, 0, 1], [0, 0, 0, 1, 1]])
    np.testing.assert_allclose(perplexity(nll, counts), [3.0, np.nan])


def test_estimates_are_means_over_seeds(mixed, told, table):
    base = mixed.bases[0]
    names = mixed.names(MORE, base)
    own = told.perplexity[told.perplexity["source"] == HH[0]]
    each = [mean_perplexity(own[name]).mean for name in names]
    found = select(table, base=base, measure="perplexity", source=HH[0], of=MORE)
    assert found["estimate"].item() == pytest.approx(np.mean(each))
    each = [corpus_perplexity(own[name].to_numpy(), own["tokens"]) for name in names]
    whole = "perplexity of all as one text"
    found = select(table, base=base, measure=whole, source=HH[0], of=MORE)
    assert found["estimate"].item() == pytest.approx(np.mean(each))


def test_contrasts_are_differences_and_ratios_of_the_rows(table):
    for _, rows in table.groupby(["base", "measure", "source"]):
        value = rows.set_index("of")["estimate"]
        assert value["difference"] == pytest.approx(value[MORE] - value[MULTITASK])
        if "ratio" in value:
            assert value["ratio"] == pytest.approx(value[MORE] / value[MULTITASK])
        if "start" in value:
            assert value["more from start"] == pytest.approx(value[MORE] - value["start"])


def test_planted_differences_are_outside_zero(table):
    for measure, sign in (("ece", -1), ("perplexity", -1), ("oracle", 1)):
        rows = select(table, measure=measure, of="difference")
        ends = rows["high"] if sign < 0 else rows["low"]
        assert (sign * ends > 0).all(), measure
    worse = select(table, measure="perplexity", of="multitask from start")
    assert (worse["low"] > 0).all()


def test_the_ece_takes_the_form_that_is_asked_for(mixed, told):
    draws = Draws.of(mixed, 2, np.random.default_rng(0))
    table = policies(mixed, told, draws, 2, np.random.default_rng(1), form="paper")
    found = select(table, measure="ece", of=MORE)
    same = select(table, measure="ece, paper's form", of=MORE)
    np.testing.assert_allclose(found["estimate"], same["estimate"])
    expected = draws.mean(ece("paper"), mixed.margin(MORE, mixed.bases[0]), HH)[0]
    assert found["estimate"].iloc[0] == pytest.approx(expected)
