import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from matplotlib.ticker import MaxNLocator

from proxyreward.evaluation.report.ticks import labels, ticks

SIZES = st.floats(-290, 290) | st.floats(-6, 6)


def magnitudes(powers):
    return st.builds(lambda sign, power: sign * 10**power, st.sampled_from([-1, 1]), powers)


@given(st.just(0.0) | magnitudes(SIZES) | st.integers(-50, 50), st.floats(-16, 3), st.booleans())
@example(0.0, 0.0, False)
@example(-1e-300, 1.0, False)
@example(0.3, -15.5, False)
def test_they_are_those_of_matplotlib(start, share, whole):
    low = float(start)
    high = low + (abs(low) or 1.0) * 10**share
    high = float(round(high)) if whole else high
    assume(low < high)
    expected = MaxNLocator(4).tick_values(low, high)
    assert ticks(low, high) == [one for one in expected.tolist() if low <= one <= high]


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_two_to_five_lie_within_the_ends_and_are_as_far_apart(low, width):
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 5 and low <= found[0] and found[-1] <= low + width
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0, 0.25, 0.5], ["0", "0.25", "0.50"]),
        ([-2e-7, 0.0, 2e-7], ["−2e−7", "0", "2e−7"]),
        ([1e6], ["1e6"]),
        ([], []),
    ],
)
def test_labels_are_the_shortest_that_tell_ticks_apart(values, shown):
    assert labels(values) == shown
