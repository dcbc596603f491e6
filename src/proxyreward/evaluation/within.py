"""Agreement of models with golden models on each prompt.

In: scores. Out: per prompt the metrics of :mod:`proxyreward.metrics.within_prompt`, the pairs that
a model orders rightly, and what specificity is made of.

A metric of the library is a mean over prompts of what is taken here from each, NaN where it is
undefined. Three are not taken from there. *Kendall's tau* is right
less wrong pairs over the geometric mean of the pairs that either orders, which are known here for
accuracy. *Accuracy* is the share of the pairs that the golden model orders, and a tie of the model
is half right, so that a constant scorer has 1/2; the library compares the signs -1, 0, 1, so that a
model's tie is right if golden ties as well and else wrong. Where no scores are equal, the two
agree. *ECE* is no mean over prompts: :mod:`proxyreward.evaluation.confidence`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.evaluation.groups import Group, groups
from proxyreward.evaluation.orders import Orders
from proxyreward.evaluation.scores import Block, Scores
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.ranking import Places, Side
from proxyreward.metrics.scaling import near_one
from proxyreward.metrics.within_prompt import METRICS, PRODUCTS

FROM_LIBRARY = tuple(name for name in METRICS if name not in ("accuracy", "accuracy_pair", "ece"))
FIELDS = ("pairs", "right", "first_pairs", "first_right", "clear", "equal")
ENTRIES = 2**21
"""So many pairs of scores at a time, a byte each: what leaves the processor's cache is slow."""


class Within(NamedTuple):
    """One model against one golden model, arrays of shape (prompts,); NaN where a prompt has no
    two responses that both have scored.

    Attributes
    ----------
    metrics
        By name, :data:`FROM_LIBRARY`.
    pairs, right
        Pairs of responses that the golden model orders; those of them that the model orders alike,
        its ties half.
    first_pairs, first_right
        The same of the first two responses alone.
    clear, equal
        Pairs that the golden model ties; those of them whose scores by the model differ by more
        than its within-prompt standard deviation, pooled over prompts, come first.
    """

    metrics: dict[str, np.ndarray]
    pairs: np.ndarray
    right: np.ndarray
    first_pairs: np.ndarray
    first_right: np.ndarray
    clear: np.ndarray
    equal: np.ndarray


def every(
    scores: Scores, goldens: Sequence[str], models: Sequence[str]
) -> Iterator[tuple[str, str, Within]]:
    """Every golden and every model, with their names; pairs that share responses are neighbours."""
    for group in groups(scores, goldens, models):
        yield from of_group(group, scores.prompts)


def of_group(group: Group, prompts: int) -> Iterator[tuple[str, str, Within]]:
    """The pairs of a group, model by model, of so many prompts in all."""
    blocks = _scaled(group.blocks)
    places = group.places(group.goldens), group.places(group.models)
    shape = (len(group.goldens), len(group.models), prompts)
    found = {name: np.full(shape, np.nan) for name in (*FROM_LIBRARY, *FIELDS)}
    deviation = _deviation(blocks, len(group.names))
    for part in _parts(blocks, len(group.names)):
        for name, plane in _on_block(part.values, places, deviation).items():
            found[name][..., part.prompts] = plane
    for m, model in enumerate(group.models):
        for g, golden in enumerate(group.goldens):
            metrics = {name: found[name][g, m] for name in FROM_LIBRARY}
            yield golden, model, Within(metrics, *(found[name][g, m] for name in FIELDS))


def shares(group: Group, prompts: int) -> np.ndarray:
    """Accuracy on each prompt of so many in all, shape (goldens, models, prompts)."""
    places = group.places(group.goldens), group.places(group.models)
    found = np.full((*map(len, places), prompts), np.nan)
    for part in _parts(group.blocks, len(group.names)):
        orders = Orders(Places.of(part.values))
        found[..., part.prompts] = ratio(orders.right(*places), orders.pairs[places[0], None])
    return found


def _on_block(
    values: np.ndarray, places: tuple[list[int], list[int]], deviation: np.ndarray
) -> dict[str, np.ndarray]:
    """Everything on prompts of scores (names, prompts, k): (goldens, models, prompts)."""
    golden, model = places
    side = Side(values)
    found = {
        name: _product(side, *PRODUCTS[name], places) for name in PRODUCTS if name != "kendall"
    }
    alone, beside = (Places(*(part[place] for part in side.places)) for place in places)
    found["xi"] = beside.xi(Places(*(part[:, None] for part in alone)))
    orders = Orders(side.places)
    found["right"] = orders.right(golden, model)
    found["pairs"] = np.broadcast_to(orders.pairs[golden, None], found["right"].shape)
    ordered = np.sqrt(found["pairs"] * orders.pairs[model])
    found["kendall"] = ratio(2 * found["right"] - found["pairs"], ordered)
    first = np.sign(values[..., 0] - values[..., 1])
    product = first[golden, None] * first[model]
    found["first_pairs"] = np.broadcast_to(abs(first[golden, None]), product.shape)
    found["first_right"] = (found["first_pairs"] + product) / 2
    found["equal"] = math.comb(values.shape[2], 2) - found["pairs"]
    found["clear"] = orders.clear(golden, values[model], deviation[model])
    return found


def _product(side: Side, mine: str, theirs: str, places: tuple[list[int], list[int]]) -> np.ndarray:
    """Inner products of what `Side` knows of golden models and of others, a prompt each."""
    golden, model = getattr(side, mine)[places[0]], getattr(side, theirs)[places[1]]
    return np.vecdot(golden[:, None], model)


def _parts(blocks: list[Block], names: int) -> Iterator[Block]:
    """Some of the prompts of a block at a time, so that all their pairs stay small."""
    for block in blocks:
        k = block.rows.shape[1]
        step = max(1, ENTRIES // (names * k * k))
        for start in range(0, len(block.prompts), step):
            part = slice(start, start + step)
            yield Block(block.prompts[part], block.rows[part], block.values[:, part])


def _scaled(blocks: list[Block]) -> list[Block]:
    """Scores of each model over a power of two, so that squares neither overflow nor vanish."""
    if not blocks:
        return blocks
    largest = np.max([abs(block.values).max(axis=(1, 2)) for block in blocks], axis=0)
    factor = np.ldexp(1.0, -near_one(largest[:, None])[1])[..., None]
    return [block._replace(values=block.values * factor) for block in blocks]


def _deviation(blocks: list[Block], names: int) -> np.ndarray:
    """Standard deviation within prompts, pooled over them, (names,)."""
    squares, free = np.zeros(names), 0
    for block in blocks:
        middle = block.values.mean(axis=2, keepdims=True)
        squares += ((block.values - middle) ** 2).sum(axis=(1, 2))
        free += block.rows.size - len(block.prompts)
    return np.sqrt(ratio(squares, np.full(names, float(free))))
