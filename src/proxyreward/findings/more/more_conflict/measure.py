"""Reward models on one source, tested on all: accuracies, agreement, and where rewards lie.

In: `Mixtures` of one run. Out: arrays by model and test source, and tables of them. Called by the
stage `more_conflict`; `show` takes margins and rewards from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations, combinations_with_replacement, product

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import Mixtures, accuracy
from proxyreward.vocabulary import ALL, HH, RAW, SINGLE

HARMLESS = HH[1]  # the test source of Figure 3
ACCURACY, LOSS, AGREEMENT = "accuracy", "loss", "agreement"
DIFFERENCES, REWARDS = "differences", "rewards"


@dataclass(frozen=True)
class Transfer:
    """The one-source reward models of one base on the test pairs of every source.

    Means over seeds, by model, in the order of :func:`models`, and test source.

    Attributes
    ----------
    accuracy : ndarray, shape (1 + sources, sources)
        A tie counts half.
    mean, sd : ndarray, same shape
        Of the margins, in units of the reward.
    location : ndarray, same shape
        Mean margin in standard deviations of the reward model's own margins on the source.
    agreement : ndarray, shape (sources, sources)
        Share of the test pairs on which the models of two sources choose the same response; mean
        over test sources. Models of different seeds are compared, as those of one seed share their
        initial weights; with one seed the diagonal is NaN.
    """

    accuracy: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    location: np.ndarray
    agreement: np.ndarray

    @classmethod
    def of(cls, mixtures: Mixtures, base: str) -> Transfer:
        """Evaluate the models of a base."""
        margins = np.stack([margin_of(mixtures, model, base) for model in models(mixtures)])

        def by_source(of: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
            parts = [values[..., mixtures.source == name] for name in mixtures.sources]
            return np.stack([of(part).mean(axis=-1) for part in parts], axis=-1)

        trained = margins[1:]
        both = trained[:, None] * np.roll(trained, 1, axis=1)[None]
        agreement = by_source(accuracy, both).mean(axis=-1)
        # Seed s of one source with s + 1 of the other, and the other way round.
        agreement = (agreement + agreement.T) / 2
        if mixtures.seeds == 1:
            np.fill_diagonal(agreement, np.nan)
        return cls(
            accuracy=by_source(accuracy, margins),
            mean=by_source(lambda margin: margin.mean(axis=-1), margins),
            sd=by_source(lambda margin: margin.std(axis=-1), margins),
            location=by_source(lambda m: m.mean(axis=-1) / m.std(axis=-1), margins),
            agreement=agreement,
        )

    @property
    def loss(self) -> np.ndarray:
        """Accuracy of each model less that of the source's own model, shape of `accuracy`."""
        return self.accuracy - self.accuracy[1:].diagonal()

    @property
    def gain(self) -> np.ndarray:
        """Accuracy of each trained model less that of the untrained, (sources, sources)."""
        return self.accuracy[1:] - self.accuracy[0]

    @property
    def shift(self) -> np.ndarray:
        """Mean margin of each trained model less that of the untrained, (sources, sources)."""
        return self.mean[1:] - self.mean[0]


def transfers(mixtures: Mixtures) -> dict[str, Transfer]:
    """:class:`Transfer` of each base, and under `ALL` their mean, in which margins mix units."""
    each = {base: Transfer.of(mixtures, base) for base in mixtures.bases}
    parts = [field.name for field in fields(Transfer)]
    mean = [np.mean([getattr(one, part) for one in each.values()], axis=0) for part in parts]
    return each | {ALL: Transfer(*mean)}


def accuracies(
    mixtures: Mixtures, found: Mapping[str, Transfer], registry: Registry
) -> pd.DataFrame:
    """Every model on every source: its accuracy, and ``loss``, that less the source's own model's.

    Columns base, trained, tested, measure, paper, value. The paper has the loss of Raw.
    """
    rows = []
    for base, transfer in found.items():
        paper = paper_raw(registry, mixtures, base)
        for (m, trained), (d, tested) in _places(mixtures):
            key, printed = (base, trained, tested), paper[d] if trained == RAW else np.nan
            rows.append((*key, ACCURACY, np.nan, transfer.accuracy[m, d]))
            rows.append((*key, LOSS, printed, transfer.loss[m, d]))
    names = ["base", "trained", "tested", "measure", "paper", "value"]
    return pd.DataFrame(rows, columns=names)


def couples(mixtures: Mixtures, found: Mapping[str, Transfer]) -> pd.DataFrame:
    """Every two sources: ``loss``, mean of the losses both ways, and ``agreement``.

    Columns base, first, second, measure, value; first = second is the same source.
    """
    rows = []
    names = list(combinations_with_replacement(enumerate(mixtures.sources), 2))
    for base, transfer in found.items():
        loss = (transfer.loss[1:] + transfer.loss[1:].T) / 2
        for (i, first), (j, second) in names:
            rows.append((base, first, second, LOSS, loss[i, j]))
            rows.append((base, first, second, AGREEMENT, transfer.agreement[i, j]))
    return pd.DataFrame(rows, columns=["base", "first", "second", "measure", "value"])


def moments(mixtures: Mixtures, transfer: Transfer) -> pd.DataFrame:
    """Mean and standard deviation of the margins and rewards of the middle base.

    Columns of, trained, tested, moment, value: `DIFFERENCES` on every source; `REWARDS` of both
    responses on Harmless alone, first seed.
    """
    rows = [
        (DIFFERENCES, trained, tested, moment, getattr(transfer, moment)[m, d])
        for (m, trained), (d, tested) in _places(mixtures)
        for moment in ("mean", "sd")
    ]
    for model in models(mixtures):
        rewards = rewards_of(mixtures, model)[mixtures.source == HARMLESS]
        rows.append((REWARDS, model, HARMLESS, "mean", rewards.mean()))
        rows.append((REWARDS, model, HARMLESS, "sd", rewards.std()))
    return pd.DataFrame(rows, columns=["of", "trained", "tested", "moment", "value"])


def distances(mixtures: Mixtures) -> pd.DataFrame:
    r"""Kolmogorov-Smirnov distance of the standardised margins of every two models on Harmless.

    .. math:: \sup_z |F_1(\mu_1 + \sigma_1 z) - F_2(\mu_2 + \sigma_2 z)|

    It compares shapes alone: neither a shift nor another scale matters. In 0..1; chance alone makes
    it positive. Middle base, mean over seeds. Columns first, second, value.
    """
    from scipy.stats import ks_2samp, zscore

    own = mixtures.source == HARMLESS
    samples = {name: zscore(margin_of(mixtures, name)[:, own], axis=1) for name in mixtures.sources}
    rows = []
    for first, second in combinations(mixtures.sources, 2):
        seeds = zip(samples[first], samples[second], strict=True)
        apart = [ks_2samp(one, other, method="asymp").statistic for one, other in seeds]
        rows.append((first, second, np.mean(apart)))
    return pd.DataFrame(rows, columns=["first", "second", "value"])


def rank_tests(mixtures: Mixtures) -> pd.DataFrame:
    """Do the margins of the one-source models have the same location on a test source?

    Kruskal and Wallis's test takes the models' margins as independent samples, Friedman's
    compares the models pair by pair of responses. Middle base. Columns tested, seed, and p of both
    tests: kruskal, friedman.
    """
    from scipy.stats import friedmanchisquare, kruskal

    margins = np.stack([margin_of(mixtures, name) for name in mixtures.sources])
    rows = [
        (tested, seed, kruskal(*groups).pvalue, friedmanchisquare(*groups).pvalue)
        for tested, seed in product(mixtures.sources, range(mixtures.seeds))
        for groups in [margins[:, seed, mixtures.source == tested]]
    ]
    return pd.DataFrame(rows, columns=["tested", "seed", "kruskal", "friedman"])


def paper_raw(registry: Registry, mixtures: Mixtures, base: str = ALL) -> np.ndarray:
    """The paper's accuracy of Raw less Top on each source, from its Table 3, shape (sources,).

    It has three bases, for which ours stand if we have three, and sources in our order; otherwise,
    and for `ALL`, the mean over its bases.
    """
    printed = list(registry.printed("more.table3").values())
    raw, top = (
        np.array([list(rows[scheme].values())[: len(mixtures.sources)] for rows in printed])
        for scheme in ("Raw", "Top")
    )
    lost = (raw - top) / 100
    stands = base != ALL and len(mixtures.bases) == len(printed)
    return lost[mixtures.bases.index(base)] if stands else lost.mean(axis=0)


def models(mixtures: Mixtures) -> tuple[str, ...]:
    """The untrained model, then a model for each source."""
    return (RAW, *mixtures.sources)


def margin_of(mixtures: Mixtures, model: str, base: str | None = None) -> np.ndarray:
    """Margins of one of the `models`, shape (seeds, pairs)."""
    return mixtures.margin(_scheme(model), base)


def rewards_of(mixtures: Mixtures, model: str) -> np.ndarray:
    """Rewards of the chosen and the rejected response, shape (pairs, 2), rows as in the margins.

    Middle base, first seed.
    """
    name = mixtures.names(_scheme(model))[0]
    wide = mixtures.rewards.pivot(index="pair_id", columns="side", values=name)
    return wide.loc[mixtures.margins["pair_id"], [0, 1]].to_numpy(float)


def _scheme(model: str) -> str:
    return model if model == RAW else f"{SINGLE}-{model}"


def _places(mixtures: Mixtures) -> Sequence[tuple[tuple[int, str], tuple[int, str]]]:
    """Place and name of every model, with those of every test source."""
    return list(product(enumerate(models(mixtures)), enumerate(mixtures.sources)))
