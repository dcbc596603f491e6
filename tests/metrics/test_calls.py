"""What holds of every public function: arguments are taken as they stand, or refused by name."""

import inspect
import pkgutil
import warnings
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from tests.metrics.calls import CALLS

from proxyreward import metrics
from proxyreward.metrics import calibration, estimates, goodhart, outliers, prediction

# Infinities have a meaning there, or are passed on.
INFINITE = {
    "goodhart.accuracy_from_ratio", "goodhart.accuracy_integral", "goodhart.degree_from_ratio",
    "pairs.flat", "pairs.ratio", "prediction.associate", "prediction.by_golden",
    "prediction.off_diagonal", "scaling.near_one",
}  # fmt: skip
LAWS = {  # arguments whose scale changes nothing
    "agreement.accuracy_matrix": [0],
    "goodhart.measured_degree": [0, 1],
    "best_of_n.best_of_n": [1],
    "prediction.kendall": [0, 1],
    "prediction.pearson": [0, 1],
    "prediction.reciprocal_rank": [0, 1],
    "prediction.spearman": [0, 1],
    "prediction.by_golden": [1, 2],
    "within_prompt.across": [1, 2],
} | {
    f"within_prompt.{name}": [0, 1]
    for name in ("accuracy", "accuracy_pair", "bo_n", "kendall", "mrr", "ndcg", "pearson",
                 "spearman", "xi")
}  # fmt: skip
ODD = [
    None, True, 0, -1, 2.5, np.nan, np.inf, 10**9, 10**30, 1j, "x", b"x", "", [], {}, object(),
    pd.NA, np.array([]), np.array(0.5), np.zeros((0, 3)), [[1.0, 2.0], [3.0]], ["a", "b"],
    np.ones(3, "M8[s]"), pd.Series([None, 1.0], dtype="Float64"), pd.DataFrame({"a": ["x"]}),
    np.random.RandomState(0),
]  # fmt: skip


def called(name, slot, change):
    """A valid call whose argument of that place or name is changed; returns what came out."""
    function, positional, named = CALLS[name](np.random.default_rng(0))
    given = dict(enumerate(positional)) | named
    given[slot] = change(given[slot]) if slot is not None else None
    places = range(len(positional))
    return function(*(given[place] for place in places), **{key: given[key] for key in named})


def slots(name, of=object):
    """Places and names of the arguments of a valid call that are of a type."""
    _, positional, named = CALLS[name](np.random.default_rng(0))
    return [
        slot for slot, value in [*enumerate(positional), *named.items()] if isinstance(value, of)
    ]


def equal(one, other):
    """Whether two results agree but for the order of sums, with NaN equal to NaN."""
    if isinstance(one, tuple | list):
        return all(equal(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict):
        return all(equal(one[key], other[key]) for key in one)
    if hasattr(one, "__dataclass_fields__"):
        return equal(list(vars(one).values()), list(vars(other).values()))
    if np.asarray(one).dtype.kind in "UO":
        return np.array_equal(one, other)
    return np.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)


def test_every_public_function_has_a_call():
    found = set()
    for module in pkgutil.iter_modules(metrics.__path__):
        if module.name == "checks":  # the checks themselves
            continue
        content = import_module(f"{metrics.__name__}.{module.name}")
        for name, value in vars(content).items():
            if name.startswith("_") or getattr(value, "__module__", "") != content.__name__:
                continue
            if inspect.isfunction(value):
                found.add(f"{module.name}.{name}")
            elif name == "TestSet":
                methods = {
                    key
                    for key, item in vars(value).items()
                    if not key.startswith("_")
                    and (inspect.isfunction(item) or isinstance(item, classmethod))
                }
                found |= {f"testset.TestSet.{key}" for key in methods} | {"testset.TestSet"}
    assert found == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_an_odd_argument_is_a_value_error_of_one_line_or_has_a_result_without_warning(name):
    for slot in slots(name):
        for odd in ODD:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    called(name, slot, lambda _, odd=odd: odd)
                except ValueError as error:
                    assert "\n" not in str(error) and str(error), (slot, odd)


@pytest.mark.parametrize("name", CALLS)
def test_odd_numbers_and_kinds_of_arrays_are_no_other_error(name):
    changes = [
        lambda a: a.astype(object), lambda a: a.astype(str), lambda a: a + 1j, lambda a: a[:0],
        lambda a: a[..., :1], lambda a: a[None], np.ravel, lambda a: np.full_like(a, 0.1),
        lambda a: a * 1e160, lambda a: a * 1e-160, lambda a: a * 1e-300, lambda a: a * 1e300,
        lambda a: a.astype(np.longdouble) * np.longdouble("1e400"), lambda a: -abs(a),
        lambda a: np.ma.masked_greater(a, 0), lambda a: (4 * a).astype(np.int8), lambda a: a > 0,
        lambda a: (4 * abs(a)).astype(np.uint8), lambda a: a.astype(np.float16), np.round,
    ]  # fmt: skip
    for slot in slots(name, np.ndarray):
        for place, change in enumerate(changes):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    called(name, slot, lambda a, change=change: change(np.asarray(a, float)))
                except ValueError as error:
                    assert "\n" not in str(error), (slot, place)


@pytest.mark.parametrize("name", CALLS)
def test_the_layout_of_an_array_does_not_count(name):
    layouts = [
        np.asfortranarray, np.ndarray.tolist, lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: a[..., ::-1].copy()[..., ::-1], np.ma.masked_array,
    ]  # fmt: skip
    for slot in slots(name, np.ndarray):
        plain = called(name, slot, lambda a: a)
        for layout in layouts:
            assert equal(called(name, slot, layout), plain), (slot, layout)


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_left_as_they_are(name):
    function, positional, named = CALLS[name](np.random.default_rng(0))
    for value in positional:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    function(*positional, **named)


@pytest.mark.parametrize("name", CALLS)
def test_a_number_that_is_infinite_or_too_large_is_named_with_its_argument(name):
    function = CALLS[name](np.random.default_rng(0))[0]
    parameters = list(inspect.signature(function).parameters)
    for slot in slots(name, np.ndarray) if name not in INFINITE else ():
        if np.asarray(called_value(name, slot)).dtype.kind != "f":
            continue
        for value in (np.inf, -np.inf, 1e300):
            with pytest.raises(ValueError, match=f"{parameters[slot]}|golden|proxy:"):
                called(name, slot, lambda a, value=value: replaced(a, value))


def called_value(name, slot):
    """The argument of a valid call."""
    _, positional, named = CALLS[name](np.random.default_rng(0))
    return positional[slot] if isinstance(slot, int) else named[slot]


def replaced(values, value):
    """A copy of an array with another number in its middle."""
    values = values.copy()
    values.flat[values.size // 2] = value
    return values


@pytest.mark.parametrize("scale", [2.0**600, 2.0**-600, 1e160, 1e-160, 1e-300])
def test_what_has_units_scales_with_them(scale):
    rng = np.random.default_rng(0)
    margin, other = rng.normal(0.3, 1, size=(2, 300))
    wanted = {
        calibration.inverse_temperature: -1, prediction.slope: -1, estimates.mean_known: 1,
        lambda m: goodhart.matching_noise(m, [0.7])[0]: 1,
        lambda m: outliers.outliers(m, "by sign").positive_mean: 1,
    }  # fmt: skip
    for function, power in wanted.items():
        given = [other] if function is prediction.slope else []
        plain, scaled = function(margin, *given), function(scale * margin, *given)
        assert scaled == pytest.approx(plain * scale**power, rel=1e-9)


@pytest.mark.parametrize(("name", "slot"), [(name, slot) for name in LAWS for slot in LAWS[name]])
@pytest.mark.parametrize("scale", [2.0**600, 2.0**-600, 1e160, 1e190, 1e-160, 1e-300])
def test_the_scale_of_scores_changes_no_coefficient(name, slot, scale):
    plain, scaled = (called(name, slot, lambda a, s=s: s * np.asarray(a)) for s in (1.0, scale))
    for one, other in zip(np.atleast_1d(plain), np.atleast_1d(scaled), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-12)
