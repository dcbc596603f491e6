"""What looks wrong with a model's scores, before anything is compared with a golden model.

In: scores without null scorers. Out: symptoms, each with what was measured and its likely cause.

Thresholds are set so that clean scores (continuous, whatever their distribution over prompts, and
in no relation to the order of the responses) raise an alarm in fewer than 1 % of tables.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from proxyreward.evaluation.result import Symptom
from proxyreward.evaluation.scores import Scores, equal_pairs
from proxyreward.evaluation.trends import OTHER, beside, with_length, with_position

CONSTANT = 0.5  # share of prompts within which all scores are equal
TIED, ALARMING_TIED, FEWEST_TIED = 0.01, 0.05, 3  # shares of pairs; number of pairs
LEVELS = 101  # of a rating scale at most, as 0..100
LOCATION, LARGE, SMALL = 10.0, 100.0, 1e-3  # |mean| in sd; sd
CLIP = 10.0  # OpenRLHF clips rewards to -10..10 by default (DeepSpeed-Chat: -5..5)
FEWEST_SCORES = 10  # for mean and sd

_PADDING = (
    "If the padding token is also the end-of-sequence token, the score is read at a wrong place: "
    "set a padding token of its own and score one response at a time to compare"
)
_TIES = "The judge calls all of them ties: see whether its answers were read rightly"
_UNDECIDED = "Such prompts tell nothing about the models: add harder or easier ones, or responses"


def symptoms(scores: Scores) -> tuple[Symptom, ...]:
    """All symptoms, model by model in the order of `scores`.

    Golden models are asked for constant scores, few values and position only, and nothing is
    alarming there but one score for all responses: how well they order, `ceiling` says. Strengths
    from verdicts are not asked for few values, which are those of the comparisons.
    """
    position, length = with_position(scores), with_length(scores)
    return tuple(
        symptom
        for model in scores.models
        for symptom in (
            *_values(scores, model),
            *position.get(model, ()),
            *_scale(scores, model),
            *length.get(model, ()),
        )
    )


def half_precision(values: np.ndarray) -> str:
    """Name of the half-precision grid that all values lie on, or "".

    Exact: a float32 is a bfloat16 if the lower 16 bits of its 32 are 0, and a float16 if the
    conversion there and back changes nothing. Whole numbers and multiples of 1/4 lie on both
    grids too, so a quarter of the distinct values at least must use the last bit of the
    significand (one half of all numbers of that precision do), and for float16, which holds whole
    numbers up to 2048, one must have a fraction.

    Examples
    --------
    >>> half_precision(np.array([0.1884765625, 0.185546875]))
    'bfloat16'
    >>> half_precision(np.array([1.0, 2.0, 2.5]))
    ''
    """
    with np.errstate(over="ignore", under="ignore"):
        single = np.unique(values).astype(np.float32)
        half = single.astype(np.float16)
    if not np.isfinite(single).all():
        return ""
    bits = single.view(np.uint32)
    grids = {
        "bfloat16": ((bits & 0xFFFF) == 0, bits >> 16),
        "float16": ((half == single) & (single % 1 != 0).any(), half.view(np.uint16)),
    }
    for name, (exact, last) in grids.items():
        if exact.all() and (last & 1).mean() >= 0.25:
            return name
    return ""


def rating_scale(values: np.ndarray) -> bool:
    """Whether the distinct values are some of at most `LEVELS` evenly spaced ones.

    Examples
    --------
    >>> rating_scale(np.array([1.0, 2.0, 5.0])), rating_scale(np.array([0.0, 0.1, 0.11234]))
    (True, False)
    """
    known = np.unique(values)
    if len(known) < 2:
        return True
    with np.errstate(over="ignore"):
        steps = (known - known[0]) / np.diff(known).min()
    return bool(steps[-1] < LEVELS and np.allclose(steps, steps.round(), atol=1e-6))


def _values(scores: Scores, model: str) -> Iterator[Symptom]:
    """Scores that are all equal, equal within most prompts, or equal too often."""
    values = scores.of(model)[~np.isnan(scores.of(model))]
    blocks = [block.values[0] for block in scores.blocks(model)]
    flat = sum(int((part == part[:, :1]).all(axis=1).sum()) for part in blocks)
    prompts = sum(map(len, blocks))
    if len(values) > 1 and (values == values[0]).all():
        told = f"All {len(values):,} scores are {values[0]:g}"
        why = _TIES if scores.verdicts else _PADDING
        yield Symptom(model, "constant", True, told, f"It orders nothing. {why}")
    elif flat > CONSTANT * prompts:
        told = f"All responses have equal scores in {flat:,} of {prompts:,} prompts"
        golden = model in scores.goldens
        why = f"The prompt alone is scored. {_PADDING}"
        if golden or scores.verdicts:
            why = _UNDECIDED if golden else _TIES
        yield Symptom(model, "constant", not golden, told, why)
    elif len(values) and not scores.verdicts:
        yield from _few_values(scores, model, values)


def _few_values(scores: Scores, model: str, values: np.ndarray) -> Iterator[Symptom]:
    tied, pairs = _tied_pairs(scores, model)
    grid = half_precision(values)
    often = tied >= FEWEST_TIED and tied >= TIED * pairs
    if not (often or grid and tied):
        return
    rating = not grid and rating_scale(values)
    told = (
        f"{len(np.unique(values)):,} distinct values in {len(values):,} scores; {tied:,} of "
        f"{pairs:,} pairs of different responses to a prompt have equal scores"
        f"{f' ({tied / pairs:.1%})' if pairs else ''}"
        f"{f'; all values are {grid} numbers' if grid else ''}"
    )
    golden = model in scores.goldens
    alarming = often and tied >= ALARMING_TIED * pairs and not rating and not golden
    yield Symptom(model, "few-values", alarming, told, _why_few(grid, rating))


def _why_few(grid: str, rating: bool) -> str:
    if grid:
        return f"Rounding to {grid} makes different scores equal: compute the last layer in float32"
    if rating:
        return (
            "A rating scale: the best of n is drawn by lot among equals; ask for more levels or "
            "average several ratings"
        )
    return f"{_PADDING}. Repeated texts among the responses would look the same"


def _tied_pairs(scores: Scores, model: str) -> tuple[int, int]:
    """Pairs of different responses with equal scores, and all such pairs.

    Responses of unequal length differ for certain, so only they count where lengths are known.
    """
    if scores.length is None:
        blocks = [block.values[0] for block in scores.blocks(model)]
        return sum(map(equal_pairs, blocks)), sum(map(_all_pairs, blocks))
    tied = pairs = 0
    for block in beside(scores, model, scores.length).blocks(model, OTHER):
        score, length = (np.unique(part, return_inverse=True)[1] for part in block.values)
        both = score * (length.max() + 1) + length
        tied += equal_pairs(score) - equal_pairs(both)
        pairs += _all_pairs(length) - equal_pairs(length)
    return tied, pairs


def _all_pairs(values: np.ndarray) -> int:
    prompts, responses = values.shape
    return prompts * responses * (responses - 1) // 2


def _scale(scores: Scores, model: str) -> Iterator[Symptom]:
    """Location and scale that PPO with usual settings does not stand.

    A small sd drowns in the penalty on the KL divergence (coefficients of 0.01 to 0.2, divergences
    of nats), a large one drowns the penalty, and rewards beyond the usual clip become equal.
    """
    values = scores.of(model)[~np.isnan(scores.of(model))]
    if model in scores.goldens or len(values) < FEWEST_SCORES:
        return
    unit = abs(values).max() or 1.0  # squares of scores as large as 1e200 would overflow
    mean, sd = float((values / unit).mean() * unit), float((values / unit).std(ddof=1) * unit)
    extreme = sd > LARGE or sd < SMALL
    if values.min() == values.max() or not (extreme or abs(mean) > LOCATION * sd):
        return
    told = f"Mean {mean:.4g}, standard deviation {sd:.4g}"
    clipped = float((abs(values) > CLIP).mean())
    told += f"; {clipped:.0%} of the scores lie outside -{CLIP:g}..{CLIP:g}" if clipped else ""
    remedy = (
        f"Before PPO, subtract the mean {mean:.6g} and divide by the standard deviation {sd:.6g}: "
        "reward clipping, the penalty on the KL divergence and the value function expect rewards "
        "near 0 of standard deviation 1"
    )
    yield Symptom(model, "scale", extreme or abs(mean) > CLIP, told, remedy)
