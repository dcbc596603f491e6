from itertools import permutations

import numpy as np
import pytest

from proxyreward.metrics.calibration import ece


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture(params=[9, 0], ids=["untied", "tied"])
def scores(request, rng):
    """Three reward models, six prompts, five responses; rounded to integers they tie often."""
    utility = rng.normal(size=(6, 5))
    return (utility + rng.normal(size=(3, 6, 5))).round(request.param)


def loop_ece(golden, proxy, bins, binning, orientation):
    """Margin and success of every pair, binned by a plain loop."""
    entries = []
    for g, p in zip(golden, proxy):
        for i in range(len(g)):
            for j in range(i):
                a, b = (i, j) if p[i] >= p[j] else (j, i)
                if orientation == "chosen":
                    a, b = (i, j) if g[i] >= g[j] else (j, i)
                    if g[i] == g[j]:
                        continue
                right = 0.5 * (1 + np.sign(g[a] - g[b]))
                if orientation == "proxy" and p[i] == p[j]:
                    right = 0.5
                entries.append((p[a] - p[b], right))
                if orientation == "both":
                    entries.append((p[b] - p[a], 1 - right))
    margins = np.array([margin for margin, _ in entries])
    confidence = 1 / (1 + np.exp(-margins))
    low = 0.5 if orientation == "proxy" else 0.0
    bin_of = []
    for margin, conf in zip(margins, confidence):
        if binning == "mass":
            bin_of.append(sum(margins < margin) * bins // len(margins))
        else:
            bin_of.append(sum(conf > low + (1 - low) * m / bins for m in range(1, bins)))
    error = 0.0
    for this in set(bin_of):
        inside = [k for k, where in enumerate(bin_of) if where == this]
        acc = np.mean([entries[k][1] for k in inside])
        error += len(inside) / len(entries) * abs(acc - np.mean(confidence[inside]))
    return error


@pytest.mark.parametrize("orientation", ["proxy", "chosen", "both"])
@pytest.mark.parametrize("binning", ["mass", "width"])
@pytest.mark.parametrize("bins", [1, 5, 10, 200])
def test_ece_equals_its_definition(scores, bins, binning, orientation):
    options = {"bins": bins, "binning": binning, "orientation": orientation}
    for golden, proxy in permutations(scores, 2):
        expected = loop_ece(golden, proxy, **options)
        assert ece(golden, proxy, **options) == pytest.approx(expected, abs=1e-9)


@pytest.fixture
def calibrated(rng):
    """Golden choices drawn from the Bradley-Terry model whose margins the proxy knows."""
    margin = 2 * rng.normal(size=20_000)
    chosen = rng.random(20_000) < 1 / (1 + np.exp(-margin))
    return np.stack([chosen, ~chosen], axis=1).astype(float), np.stack([margin, 0 * margin], 1)


@pytest.mark.parametrize("orientation", ["proxy", "both"])
@pytest.mark.parametrize("binning", ["mass", "width"])
def test_ece_is_low_for_a_calibrated_proxy_alone(calibrated, orientation, binning):
    golden, proxy = calibrated
    options = {"orientation": orientation, "binning": binning}
    assert ece(golden, proxy, **options) < 0.015
    assert ece(golden, 4 * proxy, **options) > 0.05
    assert ece(golden, proxy / 4, **options) > 0.05


def test_ece_of_chosen_against_rejected_rewards_large_scores(calibrated):
    golden, proxy = calibrated
    small, right, large = (
        ece(golden, scale * proxy, orientation="chosen") for scale in (0.25, 1, 4)
    )
    assert 0.15 < large < right < small


def test_ece_in_both_orders_hides_the_errors_of_its_middle_bin(calibrated):
    golden, proxy = calibrated
    shrunk = proxy / (10 * abs(proxy).max())  # every confidence lies within 0.4..0.6
    options = {"orientation": "both", "binning": "width"}
    assert ece(golden, shrunk, bins=5, **options) == pytest.approx(0, abs=1e-9)
    assert ece(golden, shrunk, bins=10, **options) > 0.2
    assert ece(golden, shrunk, bins=5, binning="width") > 0.2


def test_ece_without_a_golden_choice_is_undefined_if_the_choice_orients(rng):
    golden, proxy = np.zeros((40, 6)), rng.normal(size=(40, 6))
    assert np.isnan(ece(golden, proxy, orientation="chosen"))
