"""How often intervals hold the truth, on many tables drawn from one population.

The truth is what all tables together say. Of 1,000 tables 93 to 97 in a hundred are asked for: a
nominal 95 have a standard error of 0.7 there.
"""

import numpy as np
import pytest
from tests.evaluation.dense import scored

from proxyreward.evaluation import curves, measures, within
from proxyreward.evaluation.confidence import calibration, ordered_pairs
from proxyreward.evaluation.sample import Sample
from proxyreward.metrics.calibration import inverse_temperature
from proxyreward.metrics.pairs import ratio

TABLES = 1000


def drawn(prompts, responses, tables=TABLES):
    """Golden scores with ties, and a model that follows them with noise; prompts differ."""
    rng = np.random.default_rng(0)
    shape = (tables * prompts, responses)
    golden = np.round(1.5 * rng.normal(size=shape)) + rng.normal(
        size=(len(rng.normal(size=shape)), 1)
    )
    sharpness = rng.uniform(0.2, 1.2, size=(shape[0], 1))
    return golden, sharpness * golden + rng.normal(size=shape)


def held(intervals, truth):
    """Share of the intervals that hold the truth."""
    return np.mean([low <= truth <= high for _, low, high in intervals])


def by_table(values, prompts):
    return values.reshape(-1, prompts, *values.shape[1:])


def coverage(golden, model, prompts):
    """Of every interval that is a mean or a ratio over prompts, by name."""
    scores = scored([golden, model])
    _, _, inside = next(within.every(scores, ("a",), ("b",)))
    rewards = curves.per_prompt(scores, "a", "b")
    share = ratio(inside.right, inside.pairs)
    means = {name: (values, measures.ENDS.get(name)) for name, values in inside.metrics.items()}
    means["accuracy"] = share, measures.SHARE
    means |= {f"golden {n + 1}": (row, None) for n, row in enumerate(rewards.golden.T)}
    ratios = {
        "ndr": curves.ndr_parts(rewards, len(golden)),
        "gamma": curves.gamma_parts(rewards, len(golden)),
        "variance": (inside.within, inside.all),
        "unspecific": (inside.clear, inside.equal),
    }
    sample = Sample(scored(np.zeros((1, prompts, 2))))
    found = {}
    for name, (values, ends) in means.items():
        tables = by_table(values, prompts)
        found[name] = held([sample.mean(row, ends) for row in tables], np.nanmean(values))
    for name, (above, below) in ratios.items():
        ends = measures.SHARE if name in ("variance", "unspecific") else None
        tables = zip(by_table(above, prompts), by_table(below, prompts))
        truth = np.nansum(above) / np.nansum(below)
        found[name] = held([sample.ratio(*table, ends) for table in tables], truth)
    return found


# Where an interval of few prompts covers otherwise, and by how much it may.
EXPECTED = {
    ("variance", 30): (0.88, 0.97),  # a ratio of squares, with few of them large
    ("variance", 100): (0.92, 0.97),
}
ON_PAIRS = {
    ("bo_n", 30): (0.93, 0.99),  # takes few values on two responses
    ("ndcg", 30): (0.93, 0.99),
    ("ndr", 30): (0.93, 0.98),
    ("gamma", 30): (0.93, 0.98),
    ("unspecific", 30): (0.93, 0.99),  # five prompts with a tie
}


@pytest.mark.slow
@pytest.mark.parametrize("responses", [2, 6])
@pytest.mark.parametrize("prompts", [30, 100, 1000])
def test_means_and_ratios(prompts, responses):
    expected = EXPECTED | (ON_PAIRS if responses == 2 else {})
    for name, share in coverage(*drawn(prompts, responses), prompts).items():
        if responses == 2 and name == "xi":  # 0 on every pair
            assert share == 1
            continue
        low, high = expected.get((name, prompts), (0.93, 0.97))
        assert low <= share <= high, (name, share)


def overoptimised(prompts, samples=8):
    """A proxy that golden follows up to a point and then drops."""
    rng = np.random.default_rng(1)
    proxy = rng.normal(size=(TABLES * prompts, samples))
    return -((proxy - 1) ** 2) + rng.normal(size=proxy.shape), proxy


@pytest.mark.slow
@pytest.mark.parametrize("prompts", [30, 100])
def test_peak_inside(prompts):
    golden = curves.per_prompt(scored(overoptimised(prompts)), "a", "b").golden
    truth = 1 + int(np.argmax(golden.mean(axis=0)))
    sample = Sample(scored(np.zeros((1, prompts, 2))))
    peaks = [curves.peak(table, sample) for table in by_table(golden, prompts)]
    share = held(peaks, truth)
    assert share >= 0.93  # a set of whole numbers holds more than its level
    assert np.mean([high - low for _, low, high in peaks]) < 7  # not all n


@pytest.mark.slow
@pytest.mark.parametrize("prompts", [30, 100])
def test_calibration_of_a_model_that_is_too_sure(prompts):
    rng = np.random.default_rng(2)
    model = 3 * rng.normal(size=(TABLES, prompts, 4))
    golden = model / 3 + rng.logistic(size=model.shape)
    found = []
    for table in zip(golden, model):
        scores = scored(table)
        pairs = ordered_pairs(scores.blocks("a", "b"), 0, 1, seed=0)
        found.append(calibration(pairs, Sample(scores)))
    both = scored([part.reshape(-1, 4) for part in (golden, model)])
    pairs = ordered_pairs(both.blocks("a", "b"), 0, 1, seed=0)
    errors = [one.before for one in found]
    # The error of a table has more of the floor than that of all tables.
    share = held(errors, np.mean([error.estimate for error in errors]))
    assert 0.93 <= share <= 0.98
    truth = 1 / float(inverse_temperature(pairs.margin))
    share = held([one.temperature for one in found], truth)
    assert 0.93 <= share <= 0.98
