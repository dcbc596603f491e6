import dataclasses
import itertools

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit
from tests.evaluation.dense import scored

from proxyreward.evaluation import confidence
from proxyreward.evaluation.confidence import (
    calibration,
    drawn_pairs,
    ece_interval,
    ordered_pairs,
)
from proxyreward.evaluation.groups import groups
from proxyreward.evaluation.sample import Sample
from proxyreward.metrics.calibration import ece, pair_ece


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def pairs_of(golden, model):
    scores = scored([golden, model])
    return ordered(scores), Sample(scores)


def ordered(scores, golden="a", model="b"):
    group = next(groups(scores, (golden,), (model,)))
    return ordered_pairs(drawn_pairs(group, seed=0), *group.places((golden, model)))


def calibrated(rng, prompts, sharpness=1.0):
    """Two responses a prompt whose order follows the model's scores, times a factor."""
    model = rng.normal(size=(prompts, 2))
    first = rng.random(prompts) < expit(model[:, 0] - model[:, 1])
    return np.stack([first, ~first], axis=1).astype(float), sharpness * model


def test_error_is_the_librarys_on_all_pairs(rng):
    golden, model = rng.normal(size=(2, 30, 5))
    error = ece_interval(*pairs_of(golden, model)).estimate
    assert error == pytest.approx(float(ece(golden, model)), abs=1e-12)


def test_pairs_that_golden_ties_do_not_count():
    found, _ = pairs_of([[1.0, 1.0, 2.0]], [[0.0, 5.0, 7.0]])
    assert sorted(found.margin) == [2, 7]


def test_models_that_never_scored_the_same_have_no_pairs(rng):
    values = rng.normal(size=(2, 4, 3))
    values[0, :2] = values[1, 2:] = np.nan
    assert ordered(scored(values)).margin.shape == (0,)


def test_pairs_drawn_for_all_models_are_those_of_each_two(rng, monkeypatch):
    """Three models with ties, each golden in turn: by a plain loop over prompts and pairs."""
    monkeypatch.setattr(confidence, "PAIRS", 10**6)  # all
    scores = scored(rng.normal(size=(3, 8, 5)).round())
    group = next(groups(scores, scores.models, scores.models))
    drawn = drawn_pairs(group, seed=0)
    for golden, model in itertools.permutations(range(3), 2):
        found = ordered_pairs(drawn, golden, model)
        g, m = group.blocks[0].values[[golden, model]]
        expected = sorted(
            (p, np.sign(g[p, i] - g[p, j]) * (m[p, i] - m[p, j]))
            for p in range(8)
            for i, j in itertools.combinations(range(5), 2)
            if g[p, i] != g[p, j]
        )
        assert sorted(zip(found.prompt, found.margin)) == expected


def test_the_same_pairs_are_drawn_whatever_is_compared(rng, monkeypatch):
    monkeypatch.setattr(confidence, "PAIRS", 40)
    scores = scored(rng.normal(size=(3, 8, 6)))
    group = next(groups(scores, scores.models, scores.models))
    found = ordered_pairs(drawn_pairs(group, seed=0), 0, 2)
    alone = ordered(scores, "a", "c")
    assert (found.margin == alone.margin).all()
    assert (found.prompt == alone.prompt).all()


def test_error_is_that_of_pairs_with_ties_too(rng):
    golden, model = rng.normal(size=(2, 40, 6)).round()
    found, sample = pairs_of(golden, model)
    for factor in (1.0, 0.3, rng.uniform(0.5, 2, size=len(found.margin))):
        scaled = found._replace(margin=found.margin * factor)
        error = ece_interval(scaled, sample).estimate
        assert error == pytest.approx(float(pair_ece(scaled.margin)), abs=1e-12)


def test_many_pairs_are_drawn_evenly(rng, monkeypatch):
    monkeypatch.setattr(confidence, "PAIRS", 120)
    found, _ = pairs_of(*rng.normal(size=(2, 30, 5)))
    assert (np.bincount(found.prompt) == 4).all()


def test_error_reads_the_influence_of_a_prompt_off_its_pairs(rng):
    found, sample = pairs_of(*calibrated(rng, 4000, sharpness=3.0))
    one = ece_interval(found, sample)
    parts = np.array_split(rng.permutation(found.margin), 40)
    errors = [
        float(
            ece_interval(found._replace(margin=m, prompt=found.prompt[: len(m)]), sample).estimate
        )
        for m in parts
    ]
    spread = np.std(errors, ddof=1) / np.sqrt(40)
    assert (one.high - one.low) / 2 / 1.96 == pytest.approx(spread, rel=0.3)


def test_of_certain_pairs_the_error_is_the_share_that_is_wrong(rng):
    """With the interval of that share, as they have one confidence and so one bin."""
    golden, model = rng.normal(size=(2, 300, 3))
    found, sample = pairs_of(golden, model)
    certain = found._replace(margin=found.margin * 1e9)
    wrong = np.bincount(found.prompt, found.margin < 0) / 3
    assert ece_interval(certain, sample) == pytest.approx(sample.mean(wrong), abs=1e-12)


def test_temperature_has_the_least_loss(rng):
    found, sample = pairs_of(*calibrated(rng, 500, sharpness=3.0))
    temperature = calibration(found, sample).temperature
    expected = minimize_scalar(
        lambda t: np.logaddexp(0, -found.margin / t).mean(),
        bounds=(0.1, 100),
        method="bounded",
        options={"xatol": 1e-10},
    ).x
    assert temperature.estimate == pytest.approx(expected, rel=1e-5)
    assert temperature.low < 3 < temperature.high


def test_a_temperature_mends_what_is_only_too_sure(rng):
    found = calibration(*pairs_of(*calibrated(rng, 4000, sharpness=4.0)))
    assert found.before.low > 0.1
    assert found.after.estimate < 2 * found.floor


def test_after_does_not_depend_on_the_scale_of_the_model(rng):
    golden, model = calibrated(rng, 400)
    one, other = (calibration(*pairs_of(golden, by * model)) for by in (1.0, 50.0))
    assert other.after == pytest.approx(one.after, abs=1e-6)
    np.testing.assert_allclose(np.array(other.temperature) / 50, one.temperature, rtol=1e-6)


def test_after_is_fitted_on_other_prompts(rng):
    """Each half alone prefers the opposite: what it teaches makes the other half worse."""
    golden, model = calibrated(rng, 400)
    scores = scored([golden, model])
    sample = Sample(scores)
    good = sample.folds == 0
    golden = np.where(good[:, None], model, -model)
    after = calibration(ordered(scored([golden, model])), sample).after
    # The bad half is certain and wrong, the good one is scaled to ties: errors 1 and 0.
    assert after.estimate == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_temperature_is_best_where_all_are_right_or_wrong(rng, sign):
    golden = rng.normal(size=(30, 3))
    assert np.isnan(calibration(*pairs_of(golden, sign * golden)).temperature).all()


def test_without_ordered_pairs_there_is_none(rng):
    found, sample = pairs_of(np.zeros((30, 3)), rng.normal(size=(30, 3)))
    assert calibration(found, sample) is None
    assert np.isnan(ece_interval(found, sample)).all()


def test_one_prompt_cannot_be_split(rng):
    found = calibration(*pairs_of(*rng.normal(size=(2, 1, 8))))
    assert np.isnan(found.after).all()
    assert np.isfinite([found.before.estimate, found.floor]).all()
    assert dataclasses.asdict(found)["floor"] > 0


def test_the_error_is_the_librarys_beside_certain_pairs():
    margin = np.array([0.2 * i for i in range(1, 10)] + [100.0] + [-101.0 - i for i in range(10)])
    golden = np.tile([1.0, 0.0], (20, 1))
    found, sample = pairs_of(golden, np.stack([margin, np.zeros(20)], axis=1))
    assert ece_interval(found, sample).estimate == pytest.approx(float(pair_ece(margin)))
    assert ece_interval(found, sample).high <= 1


def test_any_temperature_is_possible_where_one_cluster_outweighs_the_others():
    margin = np.array([1, 2, -0.5, 0.3, -0.2, 0.4, 1.5, -1, 2, 1, 0.5])
    golden, model = np.tile([1.0, 0.0], (11, 1)), np.stack([margin, np.zeros(11)], axis=1)
    scores = scored([golden, model], cluster=np.repeat(["a", "b", "c"], [9, 1, 1]))
    found = calibration(ordered(scores), Sample(scores)).temperature
    assert found[1:] == (0, np.inf)


def test_margins_that_cancel_but_for_rounding_have_no_temperature():
    margin = np.array([0.1, 0.2, -0.3])
    assert margin.sum() != 0
    golden, model = np.tile([1.0, 0.0], (3, 1)), np.stack([margin, np.zeros(3)], axis=1)
    scores = scored([golden, model])
    assert np.isnan(calibration(ordered(scores), Sample(scores)).temperature).all()
