from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import bisect, minimize_scalar
from scipy.stats import binomtest

from proxyreward.metrics.calibration import (
    brier,
    ece,
    ece_floor,
    excess,
    inverse_temperature,
    log_loss,
    pair_ece,
    reliability,
)


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


PAIR_OPTIONS = [
    {"bins": bins, "binning": binning, "orientation": orientation}
    for bins, binning, orientation in product(
        [1, 5, 10, 20, 200], ["mass", "width"], ["proxy", "both"]
    )
]
EVERY_FORM = pytest.mark.parametrize(
    "options", PAIR_OPTIONS, ids=lambda o: "-".join(map(str, o.values()))
)
PAIR_METRICS = [pair_ece, log_loss, brier, inverse_temperature]


def sigma(margin):
    return 1 / (1 + np.exp(-np.asarray(margin)))


@pytest.fixture(params=[9, 0], ids=["untied", "tied"])
def margin(request, rng):
    """Four reward models on fifty labelled pairs; rounded to integers they tie often."""
    return (0.5 + 1.5 * rng.normal(size=(4, 50))).round(request.param)


def labelled_margins(rng, pairs, truth=1.0):
    """Margins of a reward model whose sigma(truth * margin) is how often people choose its way."""
    known = rng.normal(size=pairs)
    return np.where(rng.random(pairs) < sigma(truth * known), known, -known)


def loop_pair_ece(margin, bins, binning, orientation):
    """Confidence and success of every entry, binned by a plain loop."""
    entries = []
    for m in margin.tolist():
        if orientation == "both":
            entries += [(m, 1), (-m, 0)]
        else:
            entries.append((abs(m), 0.5 if m == 0 else float(m > 0)))
    entries.sort()
    low = 0.5 if orientation == "proxy" else 0
    groups = {}
    for m, right in entries:
        if binning == "width":
            key = sum(sigma(m) > low + (1 - low) * k / bins for k in range(1, bins))
        else:
            key = sum(other < m for other, _ in entries) * bins // len(entries)
        groups.setdefault(key, []).append((right, sigma(m)))
    error = 0
    for group in groups.values():
        acc, conf = np.mean(group, axis=0)
        error += len(group) / len(entries) * abs(acc - conf)
    return error


@EVERY_FORM
def test_pair_ece_equals_its_definition(margin, options):
    expected = [loop_pair_ece(row, **options) for row in margin]
    assert pair_ece(margin, **options) == pytest.approx(expected, abs=1e-9)


@EVERY_FORM
def test_the_error_adds_up_the_excess_of_each_bin(margin, options):
    value, place, _ = excess(margin, **options)
    sums = [abs(value * (place == m)).sum(axis=-1) for m in range(options["bins"])]
    signed = [abs((value * (place == m)).sum(axis=-1)) for m in range(options["bins"])]
    assert sum(sums) == pytest.approx(abs(value).sum(axis=-1))  # each entry is in one bin
    assert pair_ece(margin, **options) == pytest.approx(sum(signed) / value.shape[-1], abs=1e-14)
    found = reliability(margin, **options)
    counts = np.stack([(place == m).sum(axis=-1) for m in range(options["bins"])], axis=-1)
    assert (counts == found.count).all()


def test_equal_margins_share_the_bin_of_their_share_below(margin):
    """By the definition: of n pairs, k smaller ones put a pair into bin k * bins // n."""
    for row, places in zip(abs(margin), excess(margin, bins=7).place):
        assert places.tolist() == [sum(row < size) * 7 // 50 for size in row]


@EVERY_FORM
def test_pair_ece_is_ece_with_the_choices_of_people_as_golden(margin, options):
    proxy = np.stack([margin, np.zeros_like(margin)], axis=-1)
    golden = np.broadcast_to([1.0, 0.0], proxy.shape)
    assert pair_ece(margin, **options) == pytest.approx(ece(golden, proxy, **options), abs=1e-12)


@pytest.mark.parametrize("orientation", ["proxy", "both"])
@pytest.mark.parametrize("binning", ["mass", "width"])
def test_the_error_of_a_calibrated_reward_model_vanishes_with_the_number_of_pairs(
    rng, binning, orientation
):
    few, many = (
        np.mean(
            [pair_ece(labelled_margins(rng, pairs), 10, binning, orientation) for _ in range(20)]
        )
        for pairs in (400, 40_000)
    )
    assert many < 0.01
    assert few / many == pytest.approx(10, rel=0.3)  # it falls as 1 / sqrt(pairs)


@pytest.mark.parametrize("bins", [5, 10, 20])
def test_the_bias_of_few_pairs_is_the_documented_one(rng, bins):
    draws = np.stack([labelled_margins(rng, 600) for _ in range(400)])
    spread = np.sqrt(sigma(draws) * sigma(-draws)).mean()
    expected = np.sqrt(2 * bins / (np.pi * 600)) * spread
    assert pair_ece(draws, bins).mean() == pytest.approx(expected, rel=0.05)
    assert expected < np.sqrt(bins / (2 * np.pi * 600))


def test_both_orders_in_five_bins_reward_small_margins(rng):
    margin = labelled_margins(rng, 5000)
    scales = (1, 0.5, 0.3, 0.1)
    trap = [pair_ece(scale * margin, 5, "width", "both") for scale in scales]
    honest = [pair_ece(scale * margin) for scale in scales]
    assert trap[-1] < 0.001 < trap[1]  # the least confident one looks perfect
    assert trap[-1] < trap[2] < trap[1]
    assert honest == sorted(honest)
    assert honest[-1] > 0.1


@pytest.mark.parametrize("bins", [5, 9])
def test_the_middle_one_of_an_odd_number_of_bins_cancels(rng, bins):
    small = np.log((1 + 1 / bins) / (1 - 1 / bins))  # where the middle bin ends
    inside, outside = rng.uniform(-small, small, size=300), rng.uniform(small, 4, size=100)
    options = {"bins": bins, "binning": "width", "orientation": "both"}
    assert pair_ece(inside, **options) == pytest.approx(0, abs=1e-12)
    assert pair_ece(np.abs(inside), **options) == pytest.approx(0, abs=1e-12)
    mixed, alone = (
        pair_ece(np.concatenate([inside, outside]), **options),
        pair_ece(outside, **options),
    )
    assert mixed == pytest.approx(alone / 4)
    assert pair_ece(np.abs(inside), bins + 1, "width", "both") > 0.4


def test_log_loss_and_brier_score_are_means_over_pairs(margin):
    assert log_loss(margin) == pytest.approx(-np.log(sigma(margin)).mean(axis=1))
    assert brier(margin) == pytest.approx(((1 - sigma(margin)) ** 2).mean(axis=1))
    assert log_loss(np.zeros(3)) == pytest.approx(np.log(2))
    assert brier(np.zeros(3)) == pytest.approx(1 / 4)


def test_extreme_margins_have_finite_losses():
    assert log_loss([-1e4, 1e4]) == pytest.approx(5e3)
    assert brier([-1e4, 1e4]) == pytest.approx(0.5)
    assert pair_ece([-1e4, 1e4], 1) == pytest.approx(0.5)


@pytest.mark.parametrize("truth", [0.2, 1, 5])
def test_the_temperature_that_made_the_labels_is_found(rng, truth):
    margin = labelled_margins(rng, 100_000, truth)
    assert inverse_temperature(margin) == pytest.approx(truth, rel=0.05)


def test_no_other_temperature_has_a_lower_log_loss(margin):
    for row in margin:
        best = minimize_scalar(
            lambda s, row=row: log_loss(s * row), bounds=(0, 20), method="bounded"
        )
        assert inverse_temperature(row) == pytest.approx(best.x, abs=1e-4)
        assert log_loss(inverse_temperature(row) * row) <= best.fun


def test_the_factor_is_the_root_of_the_slope_of_the_loss(rng):
    """By plain bisection, for any accuracy and batch axes."""
    margin = rng.normal(size=(2, 3, 400)) + np.array([0.05, 0.5, 2.0])[:, None]
    chance = rng.random(400) ** 0.1
    for labels in (1.0, chance):
        found = inverse_temperature(margin, labels)
        expected = [
            bisect(lambda s, m=m, p=labels: (m * (sigma(s * m) - p)).sum(), 0, 100, xtol=1e-14)
            for m in margin.reshape(6, 400)
        ]
        np.testing.assert_allclose(found, np.reshape(expected, (2, 3)), rtol=1e-11)


@pytest.mark.parametrize("doubt", [0.4, 0.1, 1e-3, 1e-9, 1e-15])
@pytest.mark.parametrize("size", [1.0, 1e-200, 1e190])
def test_equal_margins_have_a_factor_in_closed_form(doubt, size):
    """However rarely a label is wrong, to the last digits."""
    chance = 1 - doubt
    expected = np.log(chance / (1 - chance)) / size
    assert inverse_temperature(np.full(5, size), chance) == pytest.approx(expected, rel=1e-14)


def test_a_surplus_within_rounding_has_a_factor_near_nothing():
    """1 + 2e-16 right against 1 wrong: ends of the search have equal signs."""
    assert 0 <= inverse_temperature([0.1, 0.2, -0.3]) < 1e-14
    for surplus in (2e-16, 1e-15, 1e-12):
        found = inverse_temperature([1 + surplus, 0.7, -0.7, -1])
        assert 0 <= found < 10 * surplus


def test_margins_of_very_different_sizes_have_a_factor_of_their_own():
    """Only the small ones are ever wrong, so they decide: three of four are right."""
    margin = np.array([1e150, 1.0, 1.0, 1.0, -1.0])
    assert inverse_temperature(margin) == pytest.approx(np.log(3), rel=1e-12)


def test_after_fitting_the_scale_of_the_rewards_is_gone(margin):
    for scale in (1e-9, 3, 1e9):
        fitted = inverse_temperature(scale * margin)[:, None] * scale * margin
        assert fitted == pytest.approx(inverse_temperature(margin)[:, None] * margin)


def test_fitting_on_held_out_pairs_calibrates_without_a_change_of_order(rng):
    held_out, test = (labelled_margins(rng, 20_000, truth=0.25) for _ in range(2))
    fitted = inverse_temperature(held_out) * test
    assert (np.sign(fitted) == np.sign(test)).all()
    assert pair_ece(fitted) < 0.02 < 0.1 < pair_ece(test)
    assert log_loss(fitted) < log_loss(test)


@pytest.mark.parametrize("row", [[-1, -2, 1], [1, -1], [0, 0], [-3]])
def test_margins_worse_than_guessing_are_scaled_to_nothing(row):
    assert inverse_temperature(row) == 0


@pytest.mark.parametrize("row", [[1e-6, 2, 3], [5], [0.5, 1e9]])
def test_margins_without_an_error_are_scaled_to_certainty(row):
    found = inverse_temperature(row)
    assert np.isfinite(found)
    assert min(row) * found == pytest.approx(40)
    assert log_loss(found * np.array(row)) < 1e-16


@EVERY_FORM
def test_the_bins_of_a_reliability_diagram_make_up_the_error(margin, options):
    found = reliability(margin, **options)
    entries = found.count.sum(axis=-1)
    assert (entries == 50 * (2 if options["orientation"] == "both" else 1)).all()
    distance = np.where(found.count > 0, abs(found.accuracy - found.confidence), 0)
    error = (found.count * distance).sum(axis=-1) / entries
    assert pair_ece(margin, **options) == pytest.approx(error, abs=1e-12)


@EVERY_FORM
def test_the_bins_of_a_reliability_diagram_lie_side_by_side(margin, options):
    found = reliability(margin, **options)
    start = 0.5 if options["orientation"] == "proxy" else 0
    assert found.low[..., 0] == pytest.approx(start)
    assert found.high[..., -1] == pytest.approx(1)
    assert found.low[..., 1:].tolist() == found.high[..., :-1].tolist()
    filled = found.count > 0
    assert (found.confidence[filled] >= found.low[filled] - 1e-12).all()
    assert (found.confidence[filled] <= found.high[filled] + 1e-12).all()


def test_bins_of_equal_mass_hold_equal_numbers_of_pairs(rng):
    assert reliability(rng.normal(size=60), bins=10).count.tolist() == [6] * 10
    assert sorted(reliability(rng.normal(size=65), bins=10).count.tolist()) == [6] * 5 + [7] * 5


def test_intervals_of_the_accuracy_are_those_of_wilson():
    found = reliability([1, 2, 3, 4, -5, 6, 7, -8, 9, 10], bins=2, level=0.9)
    for bin_, right in enumerate([4, 4]):
        low, high = binomtest(right, 5).proportion_ci(0.9, method="wilson")
        assert found.accuracy[bin_] == right / 5
        assert found.accuracy_low[bin_] == pytest.approx(low)
        assert found.accuracy_high[bin_] == pytest.approx(high)


def test_an_empty_bin_has_no_accuracy():
    found = reliability([0.1, 5.0], bins=5, binning="width")
    assert found.count.tolist() == [1, 0, 0, 0, 1]
    for value in (found.accuracy, found.confidence, found.accuracy_low, found.accuracy_high):
        assert np.isnan(value).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("metric", [pair_ece, reliability])
@pytest.mark.parametrize(
    "options", [{"binning": "depth"}, {"orientation": "chosen"}, {"bins": 0}], ids=str
)
def test_an_unknown_option_is_refused(metric, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        metric([1.0, 2.0], **options)


@pytest.mark.parametrize("metric", [*PAIR_METRICS, reliability])
def test_a_margin_that_is_not_finite_is_refused(metric):
    with pytest.raises(ValueError, match=r"\(1,\) is not finite"):
        metric([1.0, np.nan])


# --- Expected labels ------------------------------------------------------------------------------


@pytest.fixture
def known(rng):
    """Margins of three reward models on forty pairs, and how often people choose the first."""
    return rng.normal(size=(3, 40)), rng.random(40)


def drawn(rng, chance, draws):
    """Labels as chances of 0 and 1, shape (draws, 1, pairs)."""
    return (rng.random((draws, 1, len(chance))) < chance).astype(float)


@pytest.mark.parametrize("metric", [log_loss, brier])
def test_expected_labels_give_the_expectation_over_labels(rng, known, metric):
    margin, chance = known
    labels = drawn(rng, chance, 40_000)
    of_labels = metric(np.where(labels == 1, margin, -margin)).mean(axis=0)
    assert metric(margin, chance) == pytest.approx(of_labels, rel=0.01)


@EVERY_FORM
def test_a_bin_of_expected_labels_has_their_mean_accuracy(known, options):
    """Written out for the first reward model: each pair stands for both labels, weighed."""
    margin, chance = known
    found = reliability(margin[0], **options, chance=chance)
    right = np.where(margin[0] > 0, chance, 1 - chance)
    entries = [(abs(margin[0]), right)]
    if options["orientation"] == "both":
        entries = [(margin[0], chance), (-margin[0], 1 - chance)]
    confidence, right = (np.concatenate(part) for part in zip(*entries))
    confidence = sigma(confidence)
    for i in np.flatnonzero(found.count):
        own = (confidence > found.low[i] + 1e-12 - (i == 0)) & (confidence <= found.high[i] + 1e-12)
        assert own.sum() == found.count[i]
        assert found.accuracy[i] == pytest.approx(right[own].mean())
    gap = np.nan_to_num(abs(found.accuracy - found.confidence)) * found.count
    expected = gap.sum() / found.count.sum()
    assert pair_ece(margin[0], **options, chance=chance) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [pair_ece, ece_floor, log_loss, brier, inverse_temperature])
def test_which_response_a_pair_names_first_does_not_matter(rng, known, metric):
    margin, chance = known
    turned = rng.random(40) < 0.5
    expected = metric(margin, chance=chance)
    found = metric(np.where(turned, -margin, margin), chance=np.where(turned, 1 - chance, chance))
    assert found == pytest.approx(expected)
    certain = metric(np.where(turned, -margin, margin), chance=np.where(turned, 0.0, 1.0))
    assert certain == pytest.approx(metric(margin))


def test_the_temperature_of_expected_labels_is_where_their_log_loss_is_least(known):
    margin, chance = known
    for row in margin * np.sign(chance - 0.4):
        best = minimize_scalar(
            lambda s, row=row: log_loss(s * row, chance), bounds=(0, 50), method="bounded"
        )
        assert inverse_temperature(row, chance) == pytest.approx(best.x, abs=1e-4)
    exact = np.log(chance / (1 - chance))
    assert inverse_temperature(exact / 3, chance) == pytest.approx(3)
    assert inverse_temperature(exact, 1 - chance) == 0
    assert pair_ece(exact, chance=chance) == pytest.approx(0, abs=1e-12)


FLOORS = [
    {"bins": bins, "binning": binning, "orientation": orientation}
    for bins, binning, orientation in (
        (10, "mass", "proxy"), (5, "width", "proxy"), (5, "width", "both"), (10, "width", "both"),
        (5, "mass", "both"),
    )
]  # fmt: skip


@pytest.mark.parametrize("options", FLOORS, ids=str)
def test_the_floor_is_the_mean_error_of_a_calibrated_reward_model(rng, options):
    draws = np.stack([labelled_margins(rng, 3000) for _ in range(400)])
    floor = ece_floor(draws, **options)
    assert floor.mean() == pytest.approx(pair_ece(draws, **options).mean(), rel=0.03)
    assert floor.std() < 0.1 * floor.mean()


@pytest.mark.parametrize("options", FLOORS, ids=str)
def test_expected_labels_have_a_lower_floor_which_is_exact_too(rng, options):
    """The reward model sees a part of the logit, and is right on average given what it sees."""
    seen = rng.normal(size=(400, 600))
    logit = seen[..., None] + rng.normal(size=(400, 600, 64))
    margin = np.log(sigma(logit).mean(axis=-1) / (1 - sigma(logit).mean(axis=-1)))
    chance = sigma(logit[..., 0])
    floor, error = (f(margin, **options, chance=chance) for f in (ece_floor, pair_ece))
    assert floor.mean() == pytest.approx(error.mean(), rel=0.04)
    labels = (rng.random(chance.shape) < chance).astype(float)
    assert floor.mean() < 0.7 * ece_floor(margin, **options, chance=labels).mean()


def test_the_floor_falls_with_the_number_of_pairs_and_no_miscalibration_lifts_it(rng):
    few, many = (ece_floor(labelled_margins(rng, pairs)) for pairs in (1000, 100_000))
    assert few / many == pytest.approx(10, rel=0.1)
    margin = labelled_margins(rng, 4000)
    assert pair_ece(5 * margin) > 0.2 > 10 * ece_floor(5 * margin)
    assert ece_floor(np.zeros(50)) == 0 == ece_floor([2.0])


@pytest.mark.parametrize("metric", [*PAIR_METRICS, ece_floor, reliability])
@pytest.mark.parametrize("chance", [1.1, [-0.1, 0.5], [np.nan, 1], [0.5] * 3, [[0.5], [0.5]]])
def test_a_chance_that_is_none_is_refused(metric, chance):
    with pytest.raises(ValueError, match="chance"):
        metric([1.0, 2.0], chance=chance)


def test_margins_far_apart_in_size_have_a_finite_factor_without_a_warning():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert 0 < inverse_temperature(np.array([1e-300, 1e200])) < np.inf
