import numpy as np
import pytest

from proxyreward.metrics import checks


@pytest.mark.parametrize(
    ("shape", "fitting", "others"),
    [
        ("pairs", [(1,), (4,)], [(), (0,), (1, 4)]),
        ("pairs, 2", [(3, 2)], [(3, 1), (2,), (0, 2), (1, 3, 2)]),
        (
            "..., prompts, 2+ responses",
            [(1, 2), (0, 1, 2)[1:], (5, 3, 4)],
            [(3, 1), (2,), (0, 2, 2)],
        ),
        ("0+ values", [(0,), (3,)], [(), (1, 3)]),
        ("...", [(), (0,), (2, 3)], []),
    ],
)
def test_shapes_read_as_docstrings_write_them(shape, fitting, others):
    for sizes in fitting:
        assert checks.array("scores", np.ones(sizes), shape).shape == sizes
    for sizes in others:
        with pytest.raises(ValueError, match="^scores must have the shape"):
            checks.array("scores", np.ones(sizes), shape)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e250])
def test_a_number_that_is_none_is_told_with_its_place_and_a_remedy(value):
    with pytest.raises(ValueError, match=r"scores: .* \(1, 0\) is .*, 2 such in all; .* leave it"):
        checks.numbers("scores", [[1.0, 2.0], [value, value]])


def test_nan_passes_where_it_is_allowed_and_infinities_do_not():
    assert np.isnan(checks.numbers("scores", [np.nan, 1.0], may_be="nan")[0])
    with pytest.raises(ValueError, match=r"\(1,\) is not finite \(inf\), 1 such"):
        checks.numbers("scores", [np.nan, np.inf], may_be="nan")
    assert checks.numbers("scores", [np.nan, -np.inf], may_be="any").shape == (2,)


def test_whole_numbers_that_double_precision_confuses_are_refused():
    assert checks.numbers("scores", [2**53 - 1, 1]).tolist() == [2**53 - 1, 1]
    with pytest.raises(ValueError, match="too large"):
        checks.numbers("scores", [2**53 + 1, 1])


def test_masked_entries_and_ragged_rows_are_told():
    with pytest.raises(ValueError, match="masked entries"):
        checks.array("scores", np.ma.masked_equal([1.0, 2.0], 2.0))
    with pytest.raises(ValueError, match="scores is no array .*equal rows"):
        checks.array("scores", [[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("value", [True, 2.0, "2", None, np.float64(2), np.array(2)])
def test_a_count_is_a_whole_number(value):
    assert checks.count("n", np.int8(2), high=2) == 2
    with pytest.raises(ValueError, match=r"n must be a whole number in 1\.\.9"):
        checks.count("n", value, high=9)


def test_bounds_are_part_of_the_message():
    for value in (0, 10, 10**40):
        with pytest.raises(ValueError, match=r"n must lie in 1\.\.9, got "):
            checks.count("n", value, high=9)
    with pytest.raises(ValueError, match="level must .* between 0 and 1, got 1"):
        checks.number("level", 1, 0, 1, ends=False)
    assert checks.number("share", 1, 0, 1) == 1.0
    with pytest.raises(ValueError, match="share"):
        checks.number("share", True, 0, 1)


def test_seeds_texts_and_numbers_are_no_generator_or_function():
    with pytest.raises(ValueError, match="default_rng"):
        checks.generator(7)
    with pytest.raises(ValueError, match="statistic must be a function"):
        checks.function("statistic", 1)


def test_a_long_value_is_shortened():
    assert len(checks.shown("x" * 500)) == 60
    assert checks.shown(np.zeros((2, 1))) == "array([[0.], [0.]])"
