"""Test sets of a reward model: which prompts, which responses, and what the label says.

In: scores of several responses per prompt by every reward model. Out: test sets drawn from them
and the error of every proxy on them. Called by `findings` and its notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from proxyreward.metrics.annotation import noisy_order
from proxyreward.metrics.checks import (
    array,
    count,
    counts,
    generator,
    number,
    numbers,
    one_of,
    shown,
)
from proxyreward.metrics.scaling import near_one
from proxyreward.metrics.within_prompt import METRICS, across

NONE = np.array([], dtype=str)  # sources, if responses are mixed


@dataclass(frozen=True)
class TestSet:
    """Responses to prompts, labelled by every golden RM in turn and scored by every proxy.

    Each method gives a new test set, so that a variant is one line.

    Attributes
    ----------
    proxies : ndarray, shape (goldens or 1, proxies, prompts, responses)
        Scores by every reward model; with one entry in front as long as all golden RMs have the
        same responses.
    labels : ndarray, shape (goldens, prompts, responses)
        What the label says, larger for better: the golden RM's scores, or ranks from annotation.
    categories : ndarray of str, shape (prompts,)
        Category of each prompt.
    sources : ndarray of str, shape (responses,)
        Who wrote each response; empty if that differs from prompt to prompt.

    Raises
    ------
    ValueError
        If the shapes do not fit, a score is not finite, or a name no text; an argument of a method
        is wrong.

    References
    ----------
    Wen et al. 2024, Section 4.

    Examples
    --------
    Five reward models, 40 prompts, four responses of each of two sources:

    >>> rng = np.random.default_rng(0)
    >>> utility = rng.normal(size=(40, 8))
    >>> scores = np.stack([utility + noise * rng.normal(size=(40, 8)) for noise in range(5)])
    >>> categories, sources = ["Chat", "Math"] * 20, ["blunt"] * 4 + ["timid"] * 4
    >>> test = TestSet.of(scores, categories, sources)
    >>> reworded = TestSet.of(scores[..., ::-1], categories)

    Two responses per prompt, of any source, of one source, or by golden rank:

    >>> test.draw(2, rng).error().shape
    (5, 5)
    >>> error = test.source("blunt").draw(2, rng).error()
    >>> error = test.rank_bins(4, chosen=0, rejected=3, rng=rng).error()

    Prompts of one category, or a share of them reworded:

    >>> error = test.category("Math").draw(2, rng).error()
    >>> error = test.draw(2, rng).mix(reworded.draw(2, rng), 0.5, rng).error()

    Another metric; more responses to fewer prompts; annotation with noise, and its cost:

    >>> error = test.draw(5, rng).error("xi", sort_by="golden")
    >>> [test.draw(n, rng, prompts=80 // n).size for n in (2, 4, 8)]
    [80, 80, 80]
    >>> annotated, comparisons = test.draw(4, rng).annotate(1.0, rng)
    >>> int(comparisons.max())
    5
    """

    __test__ = False  # no test case of pytest's, despite the name

    proxies: np.ndarray
    labels: np.ndarray
    categories: np.ndarray
    sources: np.ndarray

    def __post_init__(self) -> None:
        checked = {
            "proxies": numbers("proxies", self.proxies, "..., proxies, prompts, responses"),
            "labels": numbers("labels", self.labels, "..., prompts, responses"),
            "categories": array("categories", self.categories, kinds="U"),
            "sources": array("sources", self.sources, kinds="U") if np.size(self.sources) else NONE,
        }
        for name, values in checked.items():
            object.__setattr__(self, name, values)
        fits = self.proxies.ndim == 4 and self.labels.ndim == 3
        fits = fits and self.proxies.shape[2:] == self.labels.shape[1:]
        if not fits or len(self.proxies) not in (1, len(self.labels)):
            raise ValueError(
                f"proxies {self.proxies.shape} must be (goldens or 1, proxies, prompts, responses) "
                f"and labels {self.labels.shape} (goldens, prompts, responses)"
            )
        if self.categories.shape != self.labels.shape[1:2]:
            raise ValueError(
                f"{self.labels.shape[1]} prompts need a category each, got {self.categories.shape}"
            )
        if self.sources.size and self.sources.shape != self.labels.shape[2:]:
            raise ValueError(
                f"{self.labels.shape[2]} responses need a source each, got {self.sources.shape}"
            )

    @classmethod
    def of(
        cls,
        scores: np.ndarray,
        categories: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
    ) -> TestSet:
        """Every reward model is golden in turn, and a proxy to the others.

        Parameters
        ----------
        scores : ndarray, shape (rms, prompts, responses)
            Scores by every reward model.
        categories : sequence of str, length prompts
            Left out: prompts without category.
        sources : sequence of str, length responses
            Left out: responses of mixed sources.
        """
        scores = numbers("scores", scores, "rms, prompts, responses")
        if categories is None:
            categories = [""] * scores.shape[1]
        return cls(
            proxies=scores[None],
            labels=scores,
            categories=_names("categories", categories),
            sources=_names("sources", NONE if sources is None else sources),
        )

    @property
    def size(self) -> int:
        """Prompts times responses."""
        return self.labels[0].size

    def at(self, prompts: np.ndarray) -> TestSet:
        """Keep prompts, given by their places or by a mask."""
        available = self.labels.shape[1]
        prompts = array("prompts", prompts, "prompts", kinds="biu")
        if prompts.dtype == bool and prompts.shape == (available,):
            prompts = prompts.nonzero()[0]
        counts("prompts", prompts, -available, available - 1)
        return replace(
            self,
            proxies=self.proxies[:, :, prompts],
            labels=self.labels[:, prompts],
            categories=self.categories[prompts],
        )

    def category(self, name: str) -> TestSet:
        """Keep the prompts of a category."""
        return self.at(_matching("category", name, self.categories))

    def source(self, name: str) -> TestSet:
        """Keep the responses of a source."""
        if not self.sources.size:
            raise ValueError(f"sources are mixed; choose {name!r} first, draw afterwards")
        kept = _matching("source", name, self.sources)
        return replace(
            self,
            proxies=self.proxies[..., kept],
            labels=self.labels[..., kept],
            sources=self.sources[kept],
        )

    def draw(self, responses: int, rng: np.random.Generator, prompts: int | None = None) -> TestSet:
        """Draw prompts and responses without replacement, the same for all golden RMs.

        Parameters
        ----------
        responses : int
            Responses per prompt, drawn for each prompt anew, in random order.
        rng : numpy.random.Generator
            Source of the draws.
        prompts : int
            Prompts to draw; left out: all, in their order.
        """
        _, available, choices = self.labels.shape
        count("responses", responses, high=choices)
        generator(rng)
        if prompts is not None:
            count("prompts", prompts, high=available)
            return self.at(rng.permutation(available)[:prompts]).draw(responses, rng)
        return self._take(rng.random((1, available, choices)).argsort(axis=-1)[..., :responses])

    def rank_bins(self, bins: int, chosen: int, rejected: int, rng: np.random.Generator) -> TestSet:
        """One pair per golden RM and prompt with the chosen and the rejected rank known.

        A prompt's responses are sorted by label, best first (ties at random), and cut into bins as
        equal as they can be; one response is drawn from each of two bins. The responses then
        depend on the golden RM.

        Parameters
        ----------
        bins : int
            Number of bins, at most the number of responses.
        chosen, rejected : int
            Bins to draw from, 0 for the best; `rejected` is the worse of the two. The first
            response of each pair is the chosen one.
        rng : numpy.random.Generator
            Source of the draws.
        """
        responses = self.labels.shape[-1]
        count("bins", bins, 2, responses)
        count("chosen", chosen, 0, bins - 2)
        count("rejected", rejected, chosen + 1, bins - 1)
        generator(rng)
        shuffled = rng.permutation(responses)
        order = shuffled[np.argsort(-self.labels[..., shuffled], axis=-1, kind="stable")]
        edges = np.arange(bins + 1) * responses // bins
        places = [
            rng.integers(edges[cell], edges[cell + 1], size=self.labels.shape[:2])
            for cell in (chosen, rejected)
        ]
        return self._take(np.take_along_axis(order, np.stack(places, axis=-1), axis=-1))

    def annotate(self, quality: float, rng: np.random.Generator) -> tuple[TestSet, np.ndarray]:
        """Replace the labels by ranks from a noisy annotator, one for each golden RM.

        The labels of each golden RM are standardised over this set, mean 0 and sd 1, so that
        `quality` means the same for all of them.

        Parameters
        ----------
        quality : float
            Of :func:`proxyreward.metrics.annotation.noisy_order`.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        annotated : TestSet
            `labels` are ranks, `responses` for the best.
        comparisons : ndarray of int, shape (goldens, prompts)
            What it cost.
        """
        labels, _ = near_one(self.labels, axes=2)
        centred = labels - labels.mean(axis=(1, 2), keepdims=True)
        sd = labels.std(axis=(1, 2), keepdims=True)
        ranks, comparisons = noisy_order(centred / np.where(sd > 0, sd, 1.0), quality, rng)
        return replace(self, labels=ranks), comparisons

    def mix(self, other: TestSet, share: float, rng: np.random.Generator) -> TestSet:
        """Replace a random share of the prompts by the same prompts of another test set.

        Parameters
        ----------
        other : TestSet
            As many prompts and responses, the prompts in the same order.
        share : float
            0 keeps all, 1 replaces all; rounded to whole prompts. From equal generators a larger
            share replaces the prompts of a smaller one and more.
        rng : numpy.random.Generator
            Source of the draws.
        """
        if not isinstance(other, TestSet):
            raise ValueError(f"other must be a TestSet, got {shown(other)}")
        if self.labels.shape[2] != other.labels.shape[2]:
            raise ValueError(
                f"{self.labels.shape[2]} and {other.labels.shape[2]} responses per prompt cannot "
                "be mixed; draw equally many from both first"
            )
        if self.labels.shape != other.labels.shape or len(self.proxies[0]) != len(other.proxies[0]):
            raise ValueError(
                "mixed test sets need the same reward models and prompts, got labels "
                f"{self.labels.shape} and {other.labels.shape}, "
                f"proxies {self.proxies.shape} and {other.proxies.shape}"
            )
        share = number("share", share, 0, 1)
        generator(rng)
        prompts = self.labels.shape[1]
        replaced = rng.permutation(prompts) < round(share * prompts)
        same = np.array_equal(self.sources, other.sources)
        return TestSet(
            proxies=np.where(replaced[:, None], other.proxies, self.proxies),
            labels=np.where(replaced[:, None], other.labels, self.labels),
            categories=np.where(replaced, other.categories, self.categories),
            sources=self.sources if same else self.sources[:0],
        )

    def error(self, metric: str = "accuracy", **options: object) -> np.ndarray:
        """A metric of every proxy under every golden RM.

        Parameters
        ----------
        metric : str
            A key of :data:`proxyreward.metrics.within_prompt.METRICS`. All but `ece` are higher
            for the better proxy.
        **options
            Passed to the metric.

        Returns
        -------
        ndarray, shape (goldens, proxies)
        """
        one_of("metric", metric, tuple(METRICS))
        return across(METRICS[metric], self.labels, self.proxies, **options)

    def _take(self, responses: np.ndarray) -> TestSet:
        """Keep responses by index, shape (goldens or 1, prompts, kept)."""
        return replace(
            self,
            proxies=np.take_along_axis(self.proxies, responses[:, None], axis=-1),
            labels=np.take_along_axis(self.labels, responses, axis=-1),
            sources=self.sources[:0],
        )


def _matching(kind: str, name: str, names: np.ndarray) -> np.ndarray:
    one_of(kind, name, tuple(np.unique(names).tolist()))
    return names == name


def _names(name: str, values: Sequence[str]) -> np.ndarray:
    """Names as an array of text; those of a table arrive as objects."""
    found = array(name, values, kinds="UO")
    if not all(isinstance(text, str) for text in found.ravel()):
        raise ValueError(f"{name} must be texts, got {shown(values)}")
    return found.astype(str)
