"""The order of each prompt's responses by one reward model, and what the metrics know by it alone.

In: scores `(..., prompts, responses)`. Out: order, places, and vectors whose inner products with
those of another reward model are the metrics. Called by `best_of_n` and `within_prompt`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from proxyreward.metrics.pairs import ratio, signs
from proxyreward.metrics.scaling import near_one


@dataclass(frozen=True)
class Ranking:
    """A reward model's ascending order of each prompt's responses, and where its ties begin.

    :func:`~proxyreward.metrics.best_of_n.best_of_n` is
    ``weights(samples, ns) @ Ranking.of(proxy).sort(golden).T``. One ranking serves any number of
    golden RMs.

    Attributes
    ----------
    order : ndarray of int, shape (..., prompts, responses)
    tied : ndarray of int
        Numbers of the prompts with ties, among all from first to last.
    starts : ndarray of int
        Places at which others begin, in the sorted responses of these prompts in a row.
    """

    order: np.ndarray
    tied: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray) -> "Ranking":
        """The ranking by scores, shape (..., prompts, responses)."""
        order = np.argsort(scores, axis=-1, kind="stable")
        ascending = np.take_along_axis(scores, order, axis=-1).reshape(-1, scores.shape[-1])
        first = np.ones(ascending.shape, dtype=bool)
        np.not_equal(ascending[:, 1:], ascending[:, :-1], out=first[:, 1:])
        tied = np.flatnonzero(~first.all(axis=1))
        return cls(order, tied, np.flatnonzero(first[tied]))

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many equals begin at each of `starts`."""
        return np.diff(self.starts, append=len(self.tied) * self.order.shape[-1])

    def sort(self, golden: np.ndarray) -> np.ndarray:
        """Golden rewards, of the shape of the order, in that order; averaged within ties."""
        ascending = golden.ravel().take(self._flat)
        if len(self.tied):
            rows = ascending.reshape(-1, ascending.shape[-1])
            means = np.add.reduceat(rows[self.tied].ravel(), self.starts) / self.sizes
            rows[self.tied] = np.repeat(means, self.sizes).reshape(len(self.tied), -1)
        return ascending

    @cached_property
    def _flat(self) -> np.ndarray:
        """The order as places among the responses of all prompts."""
        shape = self.order.shape
        return self.order + np.arange(0, self.order.size, shape[-1]).reshape(*shape[:-1], 1)


class Places(NamedTuple):
    """Where responses stand among those of their prompt, shapes (..., prompts, responses).

    Attributes
    ----------
    order : ndarray of int
        As of :class:`Ranking`.
    first, last : ndarray
        Places, from 1 for the lowest score, that a response shares with its equals.
    """

    order: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray) -> "Places":
        """The places by scores, shape (..., prompts, responses)."""
        ranking = Ranking.of(scores)
        responses = scores.shape[-1]
        first = ranking.starts % responses + 1
        return cls(
            ranking.order,
            *(_places(ranking, ends) for ends in (first, first + ranking.sizes - 1)),
        )

    def xi(self, other: "Places") -> np.ndarray:
        """Chatterjee's correlation (:func:`~proxyreward.metrics.within_prompt.xi`) on each prompt.

        The responses are in this order, and steps are counted in the other, whose leading axes
        broadcast with these. Shape (..., prompts); NaN where all of the other's are equal.
        """
        responses = other.last.shape[-1]
        rows = np.arange(0, other.last.size, responses).reshape(*other.last.shape[:-1], 1)
        along = other.last.ravel().take(rows + self.order)
        steps = abs(np.diff(along)).sum(axis=-1)
        tied = np.broadcast_to((self.first != self.last).any(axis=-1), steps.shape)
        if tied.any():
            first = np.take_along_axis(self.first, self.order, axis=-1)
            steps[tied] = _mean_steps(along[tied], np.broadcast_to(first, along.shape)[tied])
        not_below = responses - other.first + 1
        scale = 2 * (not_below * (responses - not_below)).sum(axis=-1)
        return 1 - ratio(responses * steps, scale)


def _mean_steps(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    r"""Sum of the steps between neighbours, mean over the orders of those that share a place.

    With W(A) the sum of :math:`|v_i - v_j|` over the pairs of a set, groups A, B, … of
    :math:`s_A, s_B, \dots` responses that share a place add :math:`2 W(A) / s_A` each, and two
    that follow each other :math:`(W(A \cup B) - W(A) - W(B)) / (s_A s_B)`. With the values of a
    set of n in ascending order :math:`W = \sum_r (2r - n - 1)\, v_{(r)}`.

    Parameters
    ----------
    values : ndarray, shape (rows, responses)
        Places in the other order, in the order of `first`.
    first : ndarray, shape (rows, responses)
        Places, ascending.
    """
    rows, responses = values.shape
    group = np.cumsum(np.diff(first, prepend=0) > 0, axis=1)  # from 1
    wide = group + (responses + 2) * np.arange(rows)[:, None]
    sizes = np.bincount(wide.ravel(), minlength=rows * (responses + 2))
    own, before, after = sizes[wide], sizes[wide - 1], sizes[wide + 1]
    with np.errstate(divide="ignore"):
        past, next_ = (np.where(size, 1 / (own * size), 0.0) for size in (before, after))
    odd = group % 2 == 1
    sets = (
        (group, 2 / own - past - next_, own),
        (group // 2, np.where(odd, past, next_), own + np.where(odd, before, after)),
        ((group + 1) // 2, np.where(odd, next_, past), own + np.where(odd, after, before)),
    )
    place, total = np.arange(responses), np.zeros(rows)
    for label, weight, size in sets:
        apart = (responses + 1) * label
        ascending = np.sort(apart + values, axis=1) - apart
        starts = np.maximum.accumulate(np.where(np.diff(label, prepend=-1), place, 0), axis=1)
        total += np.vecdot(weight * (2 * (place - starts) - size + 1), ascending)
    return total


def _places(ranking: Ranking, ends: np.ndarray) -> np.ndarray:
    """Place of each response: its own without equals, else the one that these share."""
    responses = ranking.order.shape[-1]
    ascending = np.tile(np.arange(1.0, responses + 1), (ranking.order.size // responses, 1))
    ascending[ranking.tied] = np.repeat(ends, ranking.sizes).reshape(-1, responses)
    found = np.empty(ranking.order.shape)
    np.put_along_axis(found, ranking.order, ascending.reshape(found.shape), axis=-1)
    return found


class Side:
    """Scores by one or several reward models, and what the metrics make of them alone.

    Everything is worked out when it is first asked for. Vectors have the shape of the scores, or
    pairs in the place of responses; NaN on a prompt where they are undefined.

    Parameters
    ----------
    scores : ndarray, shape (..., prompts, responses)
    """

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    @cached_property
    def places(self) -> Places:
        """Of the scores."""
        return Places.of(self.scores)

    @cached_property
    def ranks(self) -> np.ndarray:
        """Places from 1, ascending; equal scores share their mean place."""
        return (self.places.first + self.places.last) / 2

    @cached_property
    def unit(self) -> np.ndarray:
        """Centred scores of length one."""
        return _unit(near_one(self.scores)[0])

    @cached_property
    def unit_ranks(self) -> np.ndarray:
        """Centred ranks of length one."""
        return _unit(self.ranks)

    @cached_property
    def unit_signs(self) -> np.ndarray:
        """Signs of all pairs, of length one."""
        return _scaled(signs(self.scores))

    @cached_property
    def kept(self) -> np.ndarray:
        """Each score less the mean, over that of the highest."""
        regret = self.scores.max(axis=-1, keepdims=True) - self.scores
        return 1 - ratio(regret, regret.mean(axis=-1, keepdims=True))

    @cached_property
    def favourites(self) -> np.ndarray:
        """Weight 1 on the highest score, shared equally if several have it."""
        best = self.scores == self.scores.max(axis=-1, keepdims=True)
        return best / best.sum(axis=-1, keepdims=True)

    @cached_property
    def reciprocal(self) -> np.ndarray:
        """One over the rank, best = 1; equal scores share their mean rank."""
        return 1 / (self.scores.shape[-1] + 1 - self.ranks)

    @cached_property
    def discount(self) -> np.ndarray:
        """Discount of each response in descending order; equal scores share their mean."""
        responses = self.scores.shape[-1]
        last, first = (responses + 1 - place.astype(int) for place in self.places[1:])
        total = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, responses + 2)))])
        return (total[last] - total[first - 1]) / (last - first + 1)

    @cached_property
    def gain(self) -> np.ndarray:
        """Linear gain of each response: its rank, worst = 1, over the sum of the best order."""
        return self.share(self.ranks)

    def share(self, gain: np.ndarray) -> np.ndarray:
        """Gain over the discounted sum in descending order of the scores."""
        return gain / (gain * self.discount).sum(axis=-1, keepdims=True)


def _unit(scores: np.ndarray) -> np.ndarray:
    """Centred scores of length one; NaN where all are equal."""
    shifted = scores - scores[..., :1]  # exactly 0 where equal; centring alone leaves rounding
    return _scaled(shifted - shifted.mean(axis=-1, keepdims=True))


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """Vectors along the last axis scaled to length one; NaN for zeros."""
    return ratio(vectors, np.linalg.norm(vectors, axis=-1, keepdims=True))
