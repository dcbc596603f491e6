import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD, Draws
from proxyreward.findings.more.more_rewards import form_name, reliability_bins, rescaled
from proxyreward.findings.more.more_rewards.replicates import measures
from proxyreward.vocabulary import HH

FACTORS = (1e-3, 0.5, 1.0, 2.0)


@pytest.fixture(scope="module")
def mixes():
    return mixtures(bases=2, orders=0)


@pytest.fixture(scope="module")
def curves(mixes):
    return rescaled(mixes, mixes.middle, HH[0], FACTORS)


def test_the_factor_1_gives_the_measured_values(mixes, curves):
    draws = Draws.of(mixes, 1, np.random.default_rng(0))
    levels = ("base", "source", "rewards")
    measured = measures(mixes, draws)[0].xs((mixes.middle, HH[0], "as trained"), level=levels)
    for form, metric in ((STANDARD, "ece"), (PAPER_FORM, "ece_paper")):
        own = curves[(curves["factor"] == 1) & (curves["form"] == form)].set_index("scheme")
        for scheme, row in own.iterrows():
            assert row["ece"] == pytest.approx(measured[scheme, metric])
            assert row["size"] == pytest.approx(measured[scheme, "size"])


def test_tiny_rewards_look_calibrated_only_where_both_orders_fall_into_one_bin(mixes, curves):
    tiny = curves[curves["factor"] == FACTORS[0]]
    for form, rows in tiny.groupby("form"):
        options = FORMS[form]
        middle_bin = options["orientation"] == "both" and options["binning"] == "width"
        if middle_bin and options["bins"] % 2:
            np.testing.assert_allclose(rows["ece"], 0, atol=1e-12)
        else:
            assert (rows["ece"] > 0.05).all(), form


def test_size_grows_with_the_factor(curves):
    own = curves[(curves["form"] == STANDARD) & (curves["scheme"] == "more")]
    np.testing.assert_allclose(own["size"] / own["factor"], own["size"].iloc[-1] / FACTORS[-1])


@pytest.mark.parametrize("binning", ["mass", "width"])
def test_distances_from_the_diagonal_make_up_the_ece(mixes, binning):
    bins = reliability_bins(mixes, mixes.middle, HH[0], 0, 5, binning)
    assert set(bins["scheme"]) == {"raw", "top", "multitask", "more"}
    for _, rows in bins.groupby(["scheme", "orientation"]):
        distance = abs(rows["accuracy"] - rows["confidence"]).fillna(0)
        ece = (rows["count"] * distance).sum() / rows["count"].sum()
        assert ece == pytest.approx(rows["ece"].iloc[0])


def test_forms_are_named_by_their_options():
    names = [form_name(form) for form in FORMS]
    assert len(set(names)) == len(names)
    assert form_name(PAPER_FORM) == "5 bins of equal width, both orders"
