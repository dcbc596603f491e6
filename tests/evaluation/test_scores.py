from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from proxyreward.evaluation.scores import equal_pairs

small = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.integers(0, 2))


@given(small)
def test_equal_pairs_are_counted_as_one_by_one(values):
    assert equal_pairs(values) == sum(a == b for row in values for a, b in combinations(row, 2))


def test_equal_values_of_neighbouring_rows_are_no_pair():
    assert equal_pairs(np.array([[1.0, 2.0], [2.0, 3.0]])) == 0
