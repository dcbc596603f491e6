import numpy as np
import pytest

from proxyreward.reward.balanced import balanced_order, mixed_order, resampled

SOURCES = np.repeat([0, 1, 2], [20, 5, 12])


def test_every_batch_holds_as_many_of_each_source():
    order = balanced_order(SOURCES, per_source=12, seed=3)
    for rows in (3, 6, 12):  # a process's part of a batch, a batch
        for batch in SOURCES[order].reshape(-1, rows):
            assert np.bincount(batch).tolist() == [rows // 3] * 3


def test_larger_sources_are_cut_and_smaller_ones_gone_through_again():
    large, small, just = (np.bincount(rows, minlength=37) for rows in resampled(SOURCES, 12, 0))
    assert large.max() == 1 and large.sum() == 12 and large[20:].sum() == 0
    assert set(small[20:25]) == {2, 3} and small.sum() == 12
    assert (just[25:] == 1).all() and just.sum() == 12


def test_a_mixed_order_has_the_rows_of_the_balanced_one_in_random_order():
    mixed, balanced = (f(SOURCES, 12, 1) for f in (mixed_order, balanced_order))
    assert sorted(mixed) == sorted(balanced)
    counts = [np.bincount(SOURCES[part], minlength=3) for part in mixed.reshape(-1, 6)]
    assert len({tuple(count) for count in counts}) > 1


def test_sources_as_they_are_come_once_each():
    order = mixed_order(SOURCES, None, 0)
    assert sorted(order) == list(range(len(SOURCES))) and (order != np.sort(order)).any()


@pytest.mark.parametrize("draw", [balanced_order, mixed_order])
def test_the_seed_decides(draw):
    one, again, other = (draw(SOURCES, 12, seed).tolist() for seed in (1, 1, 2))
    assert one == again != other


def test_a_missing_source_is_an_error():
    with pytest.raises(ValueError, match="source 1 has no row; number the sources without gaps"):
        balanced_order(np.array([0, 2]), 4, 0)


@pytest.mark.parametrize("draw", [balanced_order, mixed_order])
def test_every_epoch_has_the_same_rows_in_another_order(draw):
    epochs = draw(SOURCES, 12, 2, epochs=3).reshape(3, -1)
    assert epochs[0].tolist() == draw(SOURCES, 12, 2).tolist()
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert len({tuple(sorted(epoch)) for epoch in epochs}) == 1
    if draw is balanced_order:
        assert (SOURCES[epochs].reshape(-1, 3) == [0, 1, 2]).all()
