import numpy as np
import pandas as pd
import pytest

from proxyreward.data.collect import collect
from proxyreward.data.construction import (
    STEPS,
    balanced,
    construct,
    length_gap,
    standardised_gap,
    words,
)
from proxyreward.data.hh import opened
from proxyreward.data.pairs import Pair, to_frame, validate
from proxyreward.data.report import DataError

SETTINGS = {"max_words": 50, "validation_share": 0.2, "seed": 3}


def text(count):
    return " ".join(["plum"] * count)


def pair(number, chosen=3, rejected=3, request="How?"):
    prompt = f"\n\nHuman: {request} {number}\n\nAssistant:"
    return Pair(prompt, text(chosen), text(rejected), "world", {"number": number})


def biased(count=1200, seed=0):
    """Pairs whose chosen response is the longer one three times out of four."""
    rng = np.random.default_rng(seed)
    lengths = np.sort(rng.geometric(0.05, size=(count, 2)), axis=1)
    swap = rng.random(count) < 0.25
    lengths[swap] = lengths[swap][:, ::-1]
    return to_frame([pair(i, long, short) for i, (short, long) in enumerate(lengths)])


def test_a_planted_length_bias_is_removed():
    frame = biased()
    training, validation, steps = construct(frame, max_words=500, validation_share=0.1, seed=0)
    assert length_gap(frame) > 0.4
    together = pd.concat([training, validation])
    assert abs(length_gap(together)) < 0.1
    assert abs(length_gap(training)) < 0.1
    # A quarter is the shorter side; its equals on the other side make it about a half.
    assert 0.4 < len(together) / len(frame) < 0.6


@pytest.mark.parametrize("seed", range(5))
def test_the_balance_bounds_the_gap_whatever_the_lengths(seed):
    """The worst case: longer chosen at the top of their bins, longer rejected at the bottom."""
    rng = np.random.default_rng(seed)
    low = 1.1 ** rng.integers(10, 60, size=400) * 1.00001
    difference = np.where(rng.random(400) < 0.5, low * 1.0999, -low)
    rejected = rng.integers(1000, 1010, size=400)
    kept = balanced(rejected + difference, rejected, rng)
    assert (difference[kept] > 0).sum() == (difference[kept] < 0).sum() > 100
    assert standardised_gap((rejected + difference)[kept], rejected[kept]) > 0.03
    assert abs(standardised_gap((rejected + difference)[kept], rejected[kept])) < 0.1


def test_bins_keep_as_many_of_either_sign_and_all_of_equal_length():
    difference = np.array([1, 1, 1, -1, 0, 0, 7, -40, 40, 40])
    kept = balanced(difference + 50, np.full(10, 50), np.random.default_rng(0))
    assert kept[[4, 5]].all() and not kept[6]
    assert kept[3] and kept[:3].sum() == 1
    assert kept[7] and kept[8:].sum() == 1


def test_every_step_is_counted_and_the_order_stays():
    frame = to_frame(
        [
            pair(0),
            pair(1, request="Hi\n\nAssistant: Yes?\n\nHuman: Why"),
            pair(2),
            pair(0, chosen=4),
            pair(3, rejected=80),
            *[pair(i) for i in range(4, 12)],
            pair(12, chosen=9),
        ]
    )
    training, validation, steps = construct(frame, **SETTINGS)
    assert list(steps.columns) == STEPS
    assert steps["pairs_before"].tolist() == [14, 13, 12, 11, 10]
    assert steps["pairs_after"].tolist() == [13, 12, 11, 10, 8]
    numbers = [[meta["number"] for meta in part["meta"]] for part in (training, validation)]
    assert all(found == sorted(found) for found in numbers)
    assert sorted(sum(numbers, [])) == [0, 2, *range(4, 12)]
    assert training["chosen"].iloc[0] == text(3)
    for part, size in ((training, 8), (validation, 2)):
        validate(part)
        assert len(part) == size


def test_length_counts_the_request_and_the_longer_response():
    frame = to_frame([pair(0, chosen=2, rejected=5, request="one two")])
    assert words(frame).tolist() == [3 + 5]
    training, _, _ = construct(
        to_frame([pair(0, 5, 5, "one two")]), max_words=8, validation_share=0, seed=0
    )
    assert len(training) == 1


def test_the_seed_decides_alone():
    first, again, other = (
        construct(biased(200), max_words=500, validation_share=0.2, seed=seed) for seed in (1, 1, 2)
    )
    for one, same in zip(first, again):
        pd.testing.assert_frame_equal(one, same)
    assert first[0]["prompt"].tolist() != other[0]["prompt"].tolist()
    assert first[2].equals(other[2])


def test_no_share_holds_out_no_pair():
    training, validation, _ = construct(
        to_frame([pair(0), pair(1)]), max_words=50, validation_share=0.0, seed=0
    )
    assert (len(training), len(validation)) == (2, 0)
    validate(validation)


@pytest.mark.parametrize(
    ("frame", "settings", "message"),
    [
        (to_frame([pair(0, request="a\n\nAssistant: b\n\nHuman: c")]), {}, "'single turn'"),
        (to_frame([pair(0)]), {"max_words": 2}, "'length limit': none of 1"),
        (to_frame([pair(0, 5, 3), pair(1, 9, 3)]), {}, "'length balance': none of 2"),
        (to_frame([]), {}, "'single turn': none of 0"),
        (to_frame([pair(0)]), {"max_words": 0}, "at least 1 word"),
        (to_frame([pair(0)]), {"validation_share": 1.0}, "below 1"),
    ],
)
def test_nothing_left_and_senseless_limits_are_errors(frame, settings, message):
    with pytest.raises(DataError, match=message):
        construct(frame, **(SETTINGS | settings))


def test_gap_in_closed_form():
    # Means 3 and 1; variances 2 and 0, pooled 1.
    frame = to_frame([pair(0, 2, 1), pair(1, 4, 1)])
    assert length_gap(frame) == pytest.approx(2.0)
    swapped = frame.rename(columns={"chosen": "rejected", "rejected": "chosen"})
    assert length_gap(swapped) == pytest.approx(-2.0)
    assert length_gap(to_frame([pair(0, 2, 2), pair(1, 3, 3)])) == 0
    assert length_gap(to_frame([pair(0, 3, 2), pair(1, 3, 2)])) == np.inf
    assert np.isnan(length_gap(to_frame([pair(0)])))


def test_real_conversations(real_pairs):
    loaded, _ = collect(opened("local", str(real_pairs), None, "test"), None)
    frame = to_frame(loaded)
    training, validation, steps = construct(frame, max_words=200, validation_share=0.1, seed=0)
    assert steps["pairs_after"].is_monotonic_decreasing
    kept = pd.concat([training, validation])
    assert abs(length_gap(kept)) < 0.1 < abs(length_gap(frame))
    assert not kept["prompt"].duplicated().any()
    assert kept["prompt"].str.count("\n\nHuman:").max() == 1
    assert len(validation) == int(0.1 * len(kept))
    # Most published dialogues have several turns, so the step must have had something to do.
    assert 0 < steps["pairs_after"].iloc[0] < len(frame)
