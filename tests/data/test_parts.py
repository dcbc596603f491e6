import numpy as np
import pytest

from proxyreward.data.parts import first_parts
from proxyreward.data.report import DataError


@pytest.mark.parametrize("m", [20, 23])
def test_parts_are_nested_even_and_end_with_everything(m):
    masks = [first_parts(m, k, 5, seed=1) for k in range(1, 6)]
    assert all((small <= large).all() for small, large in zip(masks, masks[1:]))
    sizes = np.diff([0, *(mask.sum() for mask in masks)])
    assert sizes.max() - sizes.min() <= 1 and masks[-1].all()


def test_another_seed_gives_other_parts():
    assert (first_parts(40, 1, 2, seed=1) != first_parts(40, 1, 2, seed=2)).any()


@pytest.mark.parametrize("parts", [0, 4])
def test_a_part_that_does_not_exist_is_refused(parts):
    with pytest.raises(DataError, match="choose 1 to 3"):
        first_parts(10, parts, 3, seed=0)
