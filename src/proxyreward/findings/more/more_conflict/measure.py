"""Reward models on one source, tested on all: accuracies, agreement, and where rewards lie.

In: `Mixtures` of one run. Out: tables by model and test source. Called by the stage
`more_conflict`; `show` takes margins and rewards from here.
"""

from itertools import combinations, combinations_with_replacement, product

import numpy as np
import pandas as pd
from scipy.special import logit

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import (
    METRICS,
    OUTLIERS,
    Metric,
    Mixtures,
    accuracy,
    counterparts,
    printed_accuracy,
)
from proxyreward.metrics.calibration import CERTAIN, inverse_temperature
from proxyreward.vocabulary import ALL, HH, RAW, SINGLE, TOP

HARMLESS = HH[1]  # the test source of Figure 3
ACCURACY, LOSS, AGREEMENT = "accuracy", "loss", "agreement"
DIFFERENCES, REWARDS = "differences", "rewards"
BEST, DISAGREEMENT = "best", "disagreement"
RUNGS: dict[str, Metric] = {
    name: METRICS[name] for name in (ACCURACY, "ece", "ece_floor", "log_loss", "size")
} | {"inverse temperature": inverse_temperature}


def transfer(mixtures: Mixtures) -> pd.DataFrame:
    """The one-source models of each base, and the untrained, on the test pairs of every source.

    Returns
    -------
    DataFrame
        base (under `ALL` the mean over bases, in which margins mix units), trained, tested, and
        means over seeds: accuracy (a tie counts half); mean and sd of the margins in units of the
        reward; location, the mean in standard deviations of the reward model's own margins on the
        source. Then the accuracy less that of the source's own model, loss, and of Raw, gain.
    """
    rows = []
    for base, trained in product(mixtures.bases, models(mixtures)):
        margins = margin_of(mixtures, trained, base)
        for tested in mixtures.sources:
            own = mixtures.source == tested
            margin, right = margins[:, own], accuracy(margins[:, own], mixtures.chance[own])
            mean, sd = margin.mean(axis=1), margin.std(axis=1)
            values = [part.mean() for part in (right, mean, sd, mean / sd)]
            rows.append((base, trained, tested, *values))
    keys = ["base", "trained", "tested"]
    found = pd.DataFrame(rows, columns=[*keys, ACCURACY, "mean", "sd", "location"])
    mean = found.drop(columns="base").groupby(keys[1:], sort=False).mean().reset_index()
    found = pd.concat([found, mean.assign(base=ALL)], ignore_index=True)
    reached, place = found.set_index(keys)[ACCURACY], found[["base", "tested"]]
    own, raw = (
        reached.loc[[(base, model or tested, tested) for base, tested in place.to_numpy()]]
        for model in ("", RAW)
    )
    return found.assign(
        loss=found[ACCURACY] - own.to_numpy(), gain=found[ACCURACY] - raw.to_numpy()
    )


def accuracies(mixtures: Mixtures, found: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Accuracy and loss of :func:`transfer`: base, trained, tested, measure, paper, value.

    The paper has the loss of Raw.
    """
    keys = ["base", "trained", "tested"]
    table = found.melt(keys, [ACCURACY, LOSS], "measure", "value")
    printed = {base: paper_raw(registry, mixtures, base) for base in found["base"].unique()}
    paper = [
        printed[row.base][row.tested] if (row.trained, row.measure) == (RAW, LOSS) else np.nan
        for row in table.itertuples()
    ]
    table.insert(len(keys) + 1, "paper", paper)
    return table


def couples(mixtures: Mixtures, found: pd.DataFrame) -> pd.DataFrame:
    """Every two sources: ``loss``, mean of the losses both ways, and ``agreement``.

    Columns base, first, second, measure, value; first = second is the same source. Agreement is
    the share of the test pairs on which models of both choose the same response, mean over test
    sources. Models of different seeds are compared, as those of one seed share their initial
    weights; with one seed it is NaN for the same source.
    """
    loss, rows = found.set_index(["base", "trained", "tested"])[LOSS], []
    own = [mixtures.source == name for name in mixtures.sources]
    for base in mixtures.bases:
        margins = {name: margin_of(mixtures, name, base) for name in mixtures.sources}
        for pair in combinations_with_replacement(mixtures.sources, 2):
            ways = (pair, pair[::-1])
            alike = [
                accuracy((margins[one] * np.roll(margins[other], 1, axis=0))[:, tested]).mean()
                for one, other in ways
                for tested in own
            ]
            seeds = len(margins[pair[0]])
            agreement = np.nan if len({*pair}) == seeds == 1 else np.mean(alike)
            rows.append((base, *pair, LOSS, np.mean([loss[base, *way] for way in ways])))
            rows.append((base, *pair, AGREEMENT, agreement))
    keys = ["first", "second", "measure"]
    table = pd.DataFrame(rows, columns=["base", *keys, "value"])
    mean = table.groupby(keys, sort=False)["value"].mean().reset_index()
    return pd.concat([table, mean.assign(base=ALL)], ignore_index=True)


def moments(mixtures: Mixtures, found: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of the margins and rewards of the largest base.

    Columns of, trained, tested, moment, value: `DIFFERENCES` on every source; `REWARDS` of both
    responses on Harmless alone, first seed.
    """
    main = found[found["base"] == mixtures.main]
    margins = main.melt(["trained", "tested"], ["mean", "sd"], "moment", "value")
    rows = []
    for model in models(mixtures):
        rewards = rewards_of(mixtures, model)[mixtures.source == HARMLESS]
        rows.append((REWARDS, model, HARMLESS, "mean", rewards.mean()))
        rows.append((REWARDS, model, HARMLESS, "sd", rewards.std()))
    names = ["of", "trained", "tested", "moment", "value"]
    return pd.concat([margins.assign(of=DIFFERENCES)[names], pd.DataFrame(rows, columns=names)])


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


def ladder(mixtures: Mixtures, disagreement: pd.DataFrame) -> pd.DataFrame:
    """MultiTask and MORE where the sources differ less, by degree of conflict; smallest base.

    Parameters
    ----------
    disagreement
        ``conflict, share``: on how many test pairs two sources disagree, mean over every two.

    Returns
    -------
    DataFrame
        conflict; scheme; measure, one of `RUNGS`; value: mean over sources, first seed. The scheme
        ``best`` is a judge who knows each source's own utility: its accuracy, and the log loss of
        the annotators' own chances. Nobody is more accurate, as labels are noisy. The scheme
        ``sources`` has the measure ``disagreement``, the share.
    """
    share = disagreement.set_index("conflict")["share"]
    rows = []
    for conflict in sorted({1.0, *mixtures.ladder["conflict"]}):
        chance, margins = mixtures.at(conflict)
        with np.errstate(divide="ignore"):
            exact = logit(chance)[None].clip(-CERTAIN, CERTAIN)
        for scheme, margin in (*margins.items(), (BEST, exact)):
            for measure in (ACCURACY, "log_loss") if scheme == BEST else RUNGS:
                metric = RUNGS[measure]
                each = [
                    metric(margin[:, own], chance[own]).mean()
                    for own in (mixtures.source == name for name in mixtures.sources)
                ]
                rows.append((conflict, scheme, measure, np.mean(each)))
        rows.append((conflict, "sources", DISAGREEMENT, share[conflict]))
    return pd.DataFrame(rows, columns=["conflict", "scheme", "measure", "value"])


def paper_raw(registry: Registry, mixtures: Mixtures, base: str = ALL) -> dict[str, float]:
    """Accuracy of Raw less Top on each source in the paper's Table 3.

    Of the base that one of ours stands for; for `ALL` the mean over its bases.
    """
    names = OUTLIERS if base == ALL else [counterparts(mixtures.bases)[base]]
    raw, top = (
        [printed_accuracy(registry, name, scheme) for name in names] for scheme in (RAW, TOP)
    )
    return {
        source: float(np.mean([one[source] - other[source] for one, other in zip(raw, top)]))
        for source in mixtures.sources
    }


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
