import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.dense import scored

from proxyreward.evaluation.symptoms import half_precision, rating_scale, symptoms


def clean(models=1, prompts=50, responses=6, seed=0):
    return np.random.default_rng(seed).normal(1.0, 1.0, (models, prompts, responses))


def found(scores) -> dict[tuple[str, str], bool]:
    """Whether alarming, by model and kind."""
    return {(each.model, each.kind): each.alarming for each in symptoms(scores)}


def told(scores, kind) -> str:
    return next(f"{s.message}. {s.remedy}" for s in symptoms(scores) if s.kind == kind)


def test_clean_scores_have_none():
    assert found(scored(clean(3))) == {}


@pytest.mark.parametrize("dtype, name", [(torch.bfloat16, "bfloat16"), (torch.float16, "float16")])
def test_half_precision_is_recognised_as_torch_rounds(dtype, name):
    values = torch.tensor(clean(), dtype=dtype).double().numpy()
    assert half_precision(values) == name


@pytest.mark.parametrize(
    "values", [np.arange(1, 101), 1200 + np.arange(99), np.arange(20) / 4, clean(), [0.1, 0.2]]
)
def test_ratings_quarters_and_single_precision_are_not_half_precision(values):
    assert half_precision(np.float64(np.float32(values))) == ""


def test_one_value_off_the_grid_is_enough():
    values = torch.tensor(clean(), dtype=torch.bfloat16).double().numpy()
    assert half_precision(np.append(values, np.pi)) == ""


def test_a_rating_scale_may_skip_levels_and_have_fractions():
    assert rating_scale(np.array([0.1, 0.3, 0.7]))
    assert not rating_scale(np.array([0.0, 1.0, 1.003]))


def test_scores_far_from_zero_tie_in_bfloat16_and_that_is_an_alarm():
    rounded = torch.tensor(clean() * 0.1 + 5, dtype=torch.bfloat16).double().numpy()
    assert found(scored(rounded))["a", "few-values"]
    assert "bfloat16" in told(scored(rounded), "few-values")


def test_rounding_is_told_where_it_makes_ties_and_alarming_where_it_makes_many():
    rounded = torch.tensor(clean(prompts=5, responses=2), dtype=torch.bfloat16).double().numpy()
    assert found(scored(rounded)) == {}
    rounded[0, 0] = rounded[0, 0, 0]
    assert found(scored(rounded)) == {("a", "few-values"): False}


def test_ties_are_counted_as_by_hand():
    values = [[[1.5, 1.5, 1.5, 0.1, 9.03], [2.22, 2.22, 3.1, 3.1, 0.7]]]
    assert "6 distinct values in 10 scores; 5 of 20 pairs" in told(scored(values), "few-values")


def test_with_lengths_only_responses_that_differ_for_certain_count():
    values = [[[1.5, 1.5, 1.5, 0.1, 9.03], [2.22, 2.22, 3.1, 3.1, 0.7]]]
    length = np.array([7, 7, 8, 9, 9, 1, 2, 3, 4, np.nan])
    # Pairs of unequal length: 10 - 2 and 6; tied: 2 of the three 1.5, and both pairs beside.
    assert "4 of 14 pairs" in told(scored(values, length=length), "few-values")


def test_a_rating_scale_ties_without_alarm():
    ratings = np.random.default_rng(0).integers(1, 11, (1, 50, 6)) / 2
    assert found(scored(ratings)) == {("a", "few-values"): False}


@pytest.mark.parametrize("value", [0.0, -3.25])
def test_one_value_in_all(value):
    assert found(scored(np.full((1, 4, 3), value))) == {("a", "constant"): True}


def test_one_value_within_most_prompts():
    values = clean()
    values[0, :26] = values[0, :26, :1]
    assert found(scored(values))["a", "constant"]
    assert "26 of 50 prompts" in told(scored(values), "constant")
    values[0, 25] = clean()[0, 25]
    assert ("a", "constant") not in found(scored(values))


def test_golden_scores_may_leave_most_prompts_undecided():
    right = np.zeros((1, 50, 6))
    right[0, :20, 0] = 1
    assert found(scored(right, goldens=("a",))) == {
        ("a", "position"): False,
        ("a", "constant"): False,
    }
    assert found(scored(right * 0, goldens=("a",))) == {("a", "constant"): True}


def test_constant_scores_with_one_response_a_prompt():
    assert found(scored(np.ones((1, 9, 1)))) == {("a", "constant"): True}
    assert found(scored(np.ones((1, 1, 1)))) == {}


def test_ties_and_places_of_verdicts_are_those_of_the_comparisons():
    """One response won against each of five others, which were not compared with each other."""
    strengths = np.linspace(1, 3, 50)[None, :, None] * ([2.5] + [-0.5] * 5)
    assert found(scored(strengths)) == {("a", "few-values"): True, ("a", "position"): True}
    assert found(scored(strengths, verdicts=True, position=None)) == {}


@pytest.mark.parametrize("decided", [0, 20])
def test_a_judge_that_calls_nearly_everything_a_tie(decided):
    values = np.zeros((1, 50, 3))
    values[:, :decided] = clean(1, decided, 3)
    scores = scored(values, verdicts=True)
    assert found(scores) == {("a", "constant"): True}
    (symptom,) = symptoms(scores)
    assert "judge" in symptom.remedy and "padding" not in symptom.remedy


def test_a_model_without_scores_has_no_symptoms():
    assert found(scored(np.full((1, 4, 3), np.nan))) == {}


def test_scores_that_depend_on_the_place():
    values = clean(2)
    values[1] += np.arange(6)
    assert found(scored(values)) == {("b", "position"): True}
    assert "place in the file +0.87 within 50 prompts" in told(scored(values), "position")


def test_the_place_means_nothing_where_golden_scores_depend_on_it_too():
    values = clean(2) + np.arange(6)
    assert found(scored(values, goldens=("a",))) == {
        ("a", "position"): False,
        ("b", "position"): False,
    }


def test_the_place_of_a_writer_is_no_fault_of_the_scores():
    """Who wrote a response stands in its id; the same writers, in one order, may be unlike."""
    values = clean() + np.arange(6)
    for ids, alarming in {"zyxwvu": False, "123456": True}.items():
        whole = scored(values, response_ids=np.tile([*ids], 50))
        assert found(whole) == {("a", "position"): alarming}
    numbered = np.tile([f"sample-{i}" for i in range(5, 11)], 50)
    assert found(scored(values, response_ids=numbered)) == {("a", "position"): True}
    shuffled = np.random.default_rng(0).permuted(np.tile([*"zyxwvu"], (50, 1)), axis=1)
    assert found(scored(values, response_ids=shuffled.ravel())) == {("a", "position"): True}


def test_without_golden_scores_sorted_responses_show_in_most_models_alike():
    values = clean(3)
    values[:2] += np.arange(6)
    assert not any(found(scored(values)).values())
    values[1] *= -1
    assert all(found(scored(values)).values())
    assert all(found(scored(values[:1])).values())


@pytest.mark.parametrize(
    "factor, shift, alarming",
    [(1e-4, 0, True), (1e3, 0, True), (1.0, 50, True), (0.1, 3, False)],
)
def test_extreme_location_and_scale(factor, shift, alarming):
    values = clean() * factor + shift
    assert found(scored(values)) == {("a", "scale"): alarming}
    mean, sd = values.mean(), values.std(ddof=1)
    assert f"the mean {mean:.6g} and" in told(scored(values), "scale")
    assert f"deviation {sd:.6g}:" in told(scored(values), "scale")


def test_golden_scores_may_have_any_scale():
    assert found(scored(clean() * 1e4, goldens=("a",))) == {}


def lengths(seed=1, prompts=50, responses=6):
    return np.random.default_rng(seed).integers(10, 1000, (prompts, responses)).astype(float)


def test_length_is_an_alarm_only_beyond_what_it_is_worth_to_the_golden_model():
    length = lengths()
    golden, proxy = clean(2) + length / 300
    more = {"length": length.ravel(), "goldens": ("a",)}
    assert found(scored([golden, proxy], **more)) == {("b", "length"): False}
    assert found(scored([clean()[0], proxy], **more)) == {("b", "length"): True}
    assert found(scored([golden, clean()[0] - length / 300], **more)) == {("b", "length"): True}
    assert found(scored([proxy], length=length.ravel())) == {("a", "length"): False}


def test_unknown_lengths_are_left_out():
    length = lengths()
    length[:, ::2] = np.nan
    assert "within 50 prompts" in told(
        scored(clean() + np.nan_to_num(length) / 300, length=length.ravel()), "length"
    )


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 5), st.floats(1e-199, 1e199))
def test_symptoms_of_any_table_are_told_without_nan(seed, prompts, responses, size):
    rng = np.random.default_rng(seed)
    values = (
        rng.choice([np.nan, 0.0, -0.0, 1.0, -1.0, rng.normal()], (3, prompts, responses)) * size
    )
    length = rng.choice([np.nan, 0.0, 5.0, 9.0], prompts * responses)
    for each in symptoms(scored(values, length=length, goldens=("a",)[: seed % 2])):
        assert "nan" not in each.message + each.remedy


@pytest.mark.slow
@pytest.mark.parametrize("prompts, responses", [(5, 2), (5, 40), (30, 4), (400, 2)])
def test_clean_tables_raise_an_alarm_in_less_than_one_percent(prompts, responses):
    """Of 1,000 tables of four models and a golden one that all see the same quality."""
    alarms = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        quality = rng.normal(size=(prompts, responses))
        length = np.exp(rng.normal(size=quality.shape) + 0.3 * quality)
        values = np.float32(quality + rng.standard_t(4, (5, *quality.shape)))
        scores = scored(values, length=length.ravel().round(), goldens=("a",))
        alarms += any(each.alarming for each in symptoms(scores))
    assert alarms < 10
