import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.evaluation.dense import one_model, scored

from proxyreward.evaluation import measures
from proxyreward.evaluation.nulls import with_nulls
from proxyreward.evaluation.result import Model
from proxyreward.evaluation.sample import Sample
from proxyreward.metrics.within_prompt import METRICS


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one(values, null=False, **more) -> Model:
    """Model b, with a golden."""
    scores = scored(values, **more)
    return one_model(scores, "a", "b", Sample(scores), null)


def with_all_nulls(values, **more):
    scores, nulls = with_nulls(scored(values, **more))
    found = measures.models(scores, ("a",), scores.models[1:], Sample(scores), nulls)
    return {model.name: model for model in measures.beaten(found["a"].models)}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_the_librarys(rng, name):
    golden, model = rng.normal(size=(2, 30, 5))
    expected = float(METRICS[name](golden, model))
    assert one([golden, model]).metrics[name].estimate == pytest.approx(expected, abs=1e-9)


def test_golden_itself_reaches_the_ceiling(rng):
    golden = rng.normal(size=(30, 5))
    found = one([golden, golden])
    for name in ("accuracy", "accuracy_pair", "pearson", "spearman", "kendall", "bo_n", "ndcg"):
        assert found.metrics[name].estimate == pytest.approx(1)
        assert found.metrics[name].high == pytest.approx(1)
    assert found.regret["ndr"].estimate == pytest.approx(1)


def test_a_shuffled_scorer_has_chance(rng):
    found = one(rng.normal(size=(2, 1000, 6)))
    for name, chance in {"accuracy": 0.5, "kendall": 0, "spearman": 0, "pearson": 0}.items():
        assert found.metrics[name].low < chance < found.metrics[name].high


def test_the_negative_of_golden_is_always_wrong(rng):
    golden = rng.normal(size=(30, 5))
    found = one([golden, -golden])
    assert found.metrics["accuracy"].estimate == 0
    assert found.metrics["kendall"].estimate == pytest.approx(-1)


def test_what_counts_is_counted(rng):
    values = rng.normal(size=(2, 10, 3))
    values[0, 0] = 1.0
    values[1, 1, :2] = np.nan
    found = one(values)
    assert (found.prompts, found.pairs) == (9, 8 * 3)


def test_unspecific_is_the_share_of_equals_that_get_clearly_different_scores():
    # Within-prompt variance 4.5 + 0 over two free responses: one sd is 1.5.
    found = one([[[1, 1], [1, 1]], [[0, 3], [2, 2]]])
    assert found.regret["unspecific"].estimate == 0.5


def test_variance_is_the_share_within_prompts(rng):
    model = rng.normal(size=(4000, 6)) + 2 * rng.normal(size=(4000, 1))
    found = one([rng.normal(size=model.shape), model]).regret["variance"]
    assert found.low < 1 / 5 * (5 / 6) + 0.04 and found.high > 1 / 6
    assert found.estimate == pytest.approx(model.var(axis=1).mean() / model.var(), abs=1e-12)


def test_categories_and_the_worst(rng):
    golden = rng.normal(size=(60, 4))
    category = np.repeat(["good", "poor", "few"], [25, 25, 10])
    sign = np.repeat([1.0, 0.0, -1.0], [25, 25, 10])[:, None]
    found = one([golden, sign * golden], category=category)
    assert {name: part.estimate for name, part in found.categories.items()} == {
        "good": 1.0,
        "poor": 0.5,
        "few": 0.0,
    }
    assert found.worst == "poor"


def test_clusters_widen_what_they_share(rng):
    golden = np.tile(rng.normal(size=(20, 4)), (10, 1))
    model = golden + np.tile(rng.normal(size=(20, 4)), (10, 1))
    cluster = np.tile(np.arange(20), 10).astype(str)
    alone, together = one([golden, model]), one([golden, model], cluster=cluster)
    for name in ("accuracy", "kendall", "xi"):
        widths = [found.metrics[name].high - found.metrics[name].low for found in (alone, together)]
        assert widths[1] > 2 * widths[0]


def test_prompts_on_which_a_metric_is_undefined_do_not_count_for_it_and_are_counted(rng):
    values = rng.normal(size=(2, 10, 4))
    values[0, :3] = 1.0  # golden ties everything
    values[1, 2:5] = 1.0  # the model does
    values[0, 9, :2] = 1.0  # golden ties the first pair
    found = one(values)
    golden = ("accuracy", "ece", "bo_n", "xi", "ndr", "gamma")
    both = ("pearson", "spearman", "kendall")
    counts = {"accuracy_pair": 6, "unspecific": 4} | dict.fromkeys(golden, 7)
    assert found.prompts == 10 and found.counted == counts | dict.fromkeys(both, 5)
    alone = one(values[:, 5:])
    for name in both:
        assert found.metrics[name].estimate == pytest.approx(alone.metrics[name].estimate)


def test_where_every_metric_is_defined_nothing_is_counted_apart(rng):
    assert set(one(rng.normal(size=(2, 10, 4))).counted) == {"unspecific"}


def test_prompts_with_fewer_responses_than_n_do_not_count_for_regret(rng):
    values = rng.normal(size=(2, 10, 4))
    values[0, 0, 2:] = np.nan
    counted = one(values).counted
    assert [counted.get(name) for name in ("ndr", "gamma", "peak", "kendall")] == [9, 9, 9, None]


def test_order_of_the_prompts_does_not_matter(rng):
    values = rng.integers(6, size=(2, 40, 4)).astype(float)
    one_way, other = one(values), one(values[:, ::-1])
    for part in ("metrics", "regret"):
        for name, interval in getattr(one_way, part).items():
            np.testing.assert_allclose(getattr(other, part)[name], interval, atol=1e-9)


def test_many_are_as_if_alone(rng):
    scores = scored(rng.normal(size=(3, 20, 4)))
    sample = Sample(scores)
    found = measures.models(scores, ("a", "c"), ("c", "b"), sample)
    assert [model.name for model in found["c"].models] == ["b"]
    assert found["c"].models == (one_model(scores, "c", "b", sample),)


def test_a_model_that_looks_at_length_is_beaten_by_length(rng):
    length = rng.integers(10, 1000, size=200 * 4).astype(float)
    golden = length.reshape(200, 4) / 500 + rng.normal(size=(200, 4))
    found = with_all_nulls([golden, length.reshape(200, 4)], length=length)["b"]
    assert "null:longer" in found.beaten_by["accuracy"]
    assert "null:longer" in found.beaten_by["ndr"]
    assert "null:shorter" not in found.beaten_by["accuracy"]


def test_a_good_model_is_beaten_in_calibration_alone(rng):
    golden = rng.normal(size=(500, 6))
    found = with_all_nulls([golden, golden + 0.5 * rng.normal(size=golden.shape)])
    assert found["b"].beaten_by == {"ece": ("null:constant",)}


def test_null_scorers_are_marked_and_not_calibrated(rng):
    found = with_all_nulls(rng.normal(size=(2, 30, 4)))
    for name, model in found.items():
        assert model.null == (model.calibration is None) == (name != "b")
        assert not (model.null and model.beaten_by)
    assert found["null:constant"].metrics["accuracy"] == (0.5, 0.5, 0.5)


numbers = st.one_of(st.integers(-2, 2).map(float), st.floats(-1e200, 1e200), st.just(np.nan))
tables = arrays(
    float, st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 5)), elements=numbers
)


def intervals(model: Model):
    yield from (*model.metrics.values(), *model.regret.values(), *model.categories.values())
    if model.curve:
        yield from (*model.curve.golden, *model.curve.own, *model.curve.best)
    if model.calibration:
        yield from (model.calibration.before, model.calibration.after)


@settings(deadline=None)
@given(tables, st.booleans())
def test_any_table_has_numbers_within_their_intervals(values, clustered):
    prompts = values.shape[1]
    cluster = (np.arange(prompts) // 2).astype(str) if clustered else None
    found = one(values, category=np.full(prompts, "x"), cluster=cluster)
    for estimate, low, high in intervals(found):
        # Ends are infinite where one of few clusters outweighs the others.
        assert not np.isinf(estimate)
        if np.isfinite([low, high]).all():
            slack = 1e-9 * max(abs(low), abs(high), 1e-9)
            assert low - slack <= estimate <= high + slack
        assert np.isfinite(estimate) or np.isnan([low, high]).all()
    assert dataclasses.asdict(found)["prompts"] <= prompts
