from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.evaluation.dense import scored

from proxyreward.evaluation import groups, within
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.within_prompt import METRICS, accuracy


def one(scores, golden="a", model="b"):
    return next(within.every(scores, (golden,), (model,)))[2]


def accuracies(scores, goldens, models):
    """By names of golden and model, shares of the pairs of each prompt."""
    for group in groups.groups(scores, goldens, models):
        for golden, row in zip(group.goldens, within.shares(group, scores.prompts)):
            yield from (((golden, model), share) for model, share in zip(group.models, row))


def holed(rng, models=4, prompts=30, responses=6, share=0.1):
    """Scores with ties and, of all models but the first two, holes of their own."""
    values = rng.integers(4, size=(models, prompts, responses)).astype(float)
    holes = rng.random(values.shape) < share
    holes[:2] = holes[0]
    return scored(np.where(holes, np.nan, values))


def flat(found):
    return {**found.metrics, **{name: getattr(found, name) for name in within.FIELDS}}


@pytest.mark.parametrize("name", within.FROM_LIBRARY)
def test_a_metric_is_the_librarys_on_each_prompt_alone(name):
    golden, model = np.random.default_rng(1).integers(4, size=(2, 30, 5)).astype(float)
    expected = [METRICS[name](g[None], m[None]) for g, m in zip(golden, model)]
    found = one(scored([golden, model])).metrics[name]
    np.testing.assert_allclose(found, expected, atol=1e-12)


small = arrays(float, (2, 3, 4), elements=st.integers(0, 3).map(float))


@given(small)
def test_pairs_are_counted_as_one_by_one(values):
    found = one(scored(values))
    for prompt, (golden, model) in enumerate(values.transpose(1, 0, 2)):
        gaps = [(golden[i] - golden[j], model[i] - model[j]) for i, j in combinations(range(4), 2)]
        ordered = [(g, m) for g, m in gaps if g != 0]
        assert found.pairs[prompt] == len(ordered)
        assert found.right[prompt] == sum(0.5 if m == 0 else g * m > 0 for g, m in ordered)
        spread = np.sqrt(values[1].var(axis=1, ddof=1).mean())
        assert found.equal[prompt] == len(gaps) - len(ordered)
        assert found.clear[prompt] == sum(abs(m) > spread for g, m in gaps if g == 0)


def test_without_ties_accuracy_is_the_librarys():
    golden, model = np.random.default_rng(2).normal(size=(2, 20, 5))
    found = one(scored([golden, model]))
    assert np.mean(found.right / found.pairs) == pytest.approx(accuracy(golden, model), abs=1e-12)


def test_first_pair_is_that_of_the_first_two_responses():
    golden, model = np.random.default_rng(3).integers(3, size=(2, 20, 5)).astype(float)
    found = one(scored([golden, model]))
    alone = one(scored([golden[:, :2], model[:, :2]]))
    np.testing.assert_array_equal(found.first_pairs, alone.pairs)
    np.testing.assert_array_equal(found.first_right, alone.right)


def test_models_with_holes_of_their_own_are_as_if_alone():
    scores = holed(np.random.default_rng(5))
    for golden, model, found in within.every(scores, scores.models, scores.models):
        for name, values in flat(one(scores, golden, model)).items():
            np.testing.assert_allclose(flat(found)[name], values, atol=1e-12, err_msg=name)


def test_accuracy_alone_is_that_beside_the_other_metrics():
    scores = holed(np.random.default_rng(10))
    alone = dict(accuracies(scores, scores.models, scores.models))
    for golden, model, found in within.every(scores, scores.models, scores.models):
        np.testing.assert_array_equal(alone[golden, model], ratio(found.right, found.pairs))


def test_size_of_parts_changes_nothing(monkeypatch):
    scores = holed(np.random.default_rng(6))
    whole = list(within.every(scores, scores.models, scores.models))
    monkeypatch.setattr(within, "ENTRIES", 1)
    for (*names, one), (*same, other) in zip(
        whole, within.every(scores, scores.models, scores.models), strict=True
    ):
        assert names == same
        for name, values in flat(one).items():
            np.testing.assert_allclose(flat(other)[name], values, atol=1e-12)


def test_prompts_without_two_scored_responses_do_not_count():
    values = np.random.default_rng(7).normal(size=(2, 3, 2))
    values[1, 1, 0] = np.nan
    for name, found in flat(one(scored(values))).items():
        assert np.isnan(found).tolist() == [False, True, False], name


def test_scale_of_a_model_does_not_matter():
    golden, model = np.random.default_rng(8).integers(4, size=(2, 20, 5)).astype(float)
    found, huge = (one(scored([golden, by * model])) for by in (1.0, 2.0**660))
    for name in ("right", "clear", *within.FROM_LIBRARY):
        np.testing.assert_allclose(flat(huge)[name], flat(found)[name], atol=1e-12)


def test_very_long_prompts_are_cut(monkeypatch):
    values = np.random.default_rng(9).normal(size=(2, 4, 9))
    expected = one(scored(values[..., :5])).right
    monkeypatch.setattr(groups, "MOST", 5)
    np.testing.assert_array_equal(one(scored(values)).right, expected)
