"""Calibration against the regret of best-of-n and PPO in the label-flip family."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr as reference

from proxyreward.findings.more.more_alignment.optimisers import label_flips, optimisers
from proxyreward.findings.more.more_alignment.pool import AS_IS, SCALED, partial_spearman
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.metrics.calibration import pair_ece
from proxyreward.vocabulary import BEST_OF_N, PPO


def test_accuracy_and_ece_are_those_of_the_labelled_pairs(evidence):
    family = label_flips(evidence).set_index("rm")
    scores = evidence.bench.sort_values(["pair_id", "side"])["flip-0.00"].to_numpy(float)
    margin = scores[::2] - scores[1::2]
    assert family.loc["flip-0.00", "accuracy"] == pytest.approx((margin > 0).mean())
    assert family.loc["flip-0.00", AS_IS] == pytest.approx(pair_ece(margin).item())
    paper = label_flips(evidence, form="paper").set_index("rm")
    expected = pair_ece(margin, bins=5, binning="width", orientation="both").item()
    assert paper.loc["flip-0.00", AS_IS] == pytest.approx(expected)


def test_coefficients_are_means_over_golden_models(evidence):
    table = optimisers(evidence, 4, 50, np.random.default_rng(0))
    assert set(zip(table["optimiser"], table["n"])) == {(BEST_OF_N, 4), (BEST_OF_N, 16), (PPO, 0)}
    family, ndr = label_flips(evidence), evidence.ndr(PPO)
    plain, partial = [], []
    for golden in range(len(ndr)):
        others = np.arange(len(ndr)) != golden
        ece, accuracy = (family[name].to_numpy()[others] for name in (AS_IS, "accuracy"))
        plain.append(reference(-ece, ndr[golden, others]).statistic)
        partial.append(partial_spearman(-ece, ndr[golden, others], accuracy))
    rows = select(table, optimiser=PPO, what=AS_IS).set_index("given")
    assert rows.loc["", "estimate"] == pytest.approx(np.mean(plain))
    assert rows.loc["accuracy", "estimate"] == pytest.approx(np.nanmean(partial))
    assert rows.loc["", "low"] <= rows.loc["", "estimate"] <= rows.loc["", "high"]


def test_a_golden_model_without_gain_is_left_out(evidence):
    regret = evidence.regret.copy()
    regret.loc[regret["golden"] == "flip-0.00", "ndr"] = np.nan
    table = optimisers(replace(evidence, regret=regret), 4, 20, np.random.default_rng(0))
    assert np.isfinite(table["estimate"]).all()


def test_planted_regret_follows_the_planted_quantity(evidence):
    family = label_flips(evidence).set_index("rm")
    regret = evidence.regret.copy()
    regret["ndr"] = -regret["proxy"].map(family[SCALED])
    table = optimisers(replace(evidence, regret=regret), 4, 20, np.random.default_rng(0))
    np.testing.assert_allclose(select(table, what=SCALED, given="")["estimate"], 1.0)
