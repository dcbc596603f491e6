"""Every scheme on real pairs, MORE against MultiTask, who understands whom, and the weights.

In: what the stages `sources` and `mixes` wrote at a scale of real pairs. Out: small tables. Called
by the notebook `real_more`.

A data set cannot be drawn again, so intervals are over its pairs, see :func:`judge`. Columns of an
interval are estimate, low, high, and lowest and highest, the extremes of single seeds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixture_drawing import SCHEMES
from proxyreward.findings.more.mixtures import (
    METRICS,
    PAPER_FORM,
    STANDARD,
    Metric,
    Mixtures,
    ece,
    floor,
)
from proxyreward.findings.real.heldout import jackknife
from proxyreward.vocabulary import MORE, MULTITASK, RAW, SINGLE, TOP

MEAN = "mean"
BLOCKS = 20
# What MORE and MultiTask are compared by. An ECE goes by the name of its form.
COMPARED: dict[str, Metric] = {
    "accuracy": METRICS["accuracy"],
    **{form: ece(form) for form in (STANDARD, PAPER_FORM)},
    **{name: METRICS[name] for name in ("log_loss", "brier", "size")},
}


def blocks(mixtures: Mixtures) -> np.ndarray:
    """Number of the block of each test pair, shape (pairs,): up to `BLOCKS` in each source.

    Conversations stay whole, and in the order of the file neighbours stay together.
    """
    groups = mixtures.margins.groupby("source", sort=False)["group"]
    count = min(BLOCKS, groups.nunique().min())
    place = groups.transform(lambda group: pd.factorize(group)[0])
    return (place * count // groups.transform("nunique")).to_numpy()


def judge(mixtures: Mixtures, metric: Metric, margin: np.ndarray) -> np.ndarray:
    """A metric of reward models on each source, of all pairs and with each block left out.

    A block is left out of every source at once; as sources are drawn independently, the spread
    over blocks serves their mean too.

    Parameters
    ----------
    metric
        Takes margins of shape (seeds, pairs) and chances of labels, returns (seeds,).
    margin : ndarray, shape (seeds, all pairs)

    Returns
    -------
    ndarray, shape (1 + blocks, sources + 1, seeds)
        All pairs first; the last source is the mean over them.
    """
    block = blocks(mixtures)
    kept = [block >= 0, *(block != number for number in np.unique(block))]
    own = [mixtures.source == name for name in mixtures.sources]
    each = np.array(
        [[metric(margin[:, rows & of], mixtures.chance[rows & of]) for of in own] for rows in kept]
    )
    return np.concatenate([each, each.mean(axis=1, keepdims=True)], axis=1)


def values(mixtures: Mixtures, form: str = STANDARD) -> pd.DataFrame:
    """Accuracy, ECE in one of the `FORMS`, and its floor, of every scheme: scheme, measure, source,
    and an interval."""
    found = []
    for scheme in SCHEMES:
        measured = {"accuracy": METRICS["accuracy"], "ece": ece(form), "floor": floor(form)}
        for measure, metric in measured.items():
            judged = judge(mixtures, metric, mixtures.margin(scheme))
            found.append(_by_source(mixtures, judged, scheme=scheme, measure=measure))
    return pd.concat(found, ignore_index=True)


def differences(mixtures: Mixtures, compared: Mapping[str, Metric] = COMPARED) -> pd.DataFrame:
    """MORE minus MultiTask on the same pairs: measure, scaled, source, and an interval.

    `scaled` tells whether each reward model had its one temperature fitted on other pairs. That
    leaves its accuracy alone and takes the size of its rewards out of the other measures.
    """
    found = []
    for scaled, margins in ((False, mixtures.margin), (True, mixtures.scaled)):
        more, plain = margins(MORE), margins(MULTITASK)
        for measure, metric in compared.items():
            if not (scaled and measure == "accuracy"):
                gap = judge(mixtures, metric, more) - judge(mixtures, metric, plain)
                found.append(_by_source(mixtures, gap, measure=measure, scaled=scaled))
    return pd.concat(found, ignore_index=True)


def transfer(mixtures: Mixtures) -> pd.DataFrame:
    """Accuracy of the untrained and each one-source reward model on every source.

    Returns
    -------
    DataFrame
        trained (``raw`` or a source), tested; columns of an interval of the accuracy; loss and
        loss_high, the accuracy less that of the model trained on the tested source, and its end.
    """
    schemes = {RAW: RAW} | {name: f"{SINGLE}-{name}" for name in mixtures.sources}
    own, found = judge(mixtures, METRICS["accuracy"], mixtures.margin(TOP)), []
    for trained, scheme in schemes.items():
        judged = judge(mixtures, METRICS["accuracy"], mixtures.margin(scheme))
        [loss, _, loss_high] = jackknife((judged - own).mean(axis=-1))
        rows = _by_source(mixtures, judged, trained=trained)
        found.append(rows.assign(loss=loss, loss_high=loss_high).iloc[:-1])
    return pd.concat(found, ignore_index=True).rename(columns={"source": "tested"})


def foreign(transfer: pd.DataFrame) -> pd.DataFrame:
    """Rows of :func:`transfer` of a model trained on one source and tested on another."""
    return transfer[(transfer["trained"] != RAW) & (transfer["trained"] != transfer["tested"])]


def weights(mixtures: Mixtures) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The weights that MORE gave its sources.

    Returns
    -------
    table : DataFrame
        source; mean_weight, over the steps of all trainings; lowest and highest, the mean of one
        training; zero, the share of steps without weight.
    course : DataFrame
        Mean over trainings at every step: index step, a column a source.
    trainings : int
        How often MORE was trained: once for each seed and fold.
    """
    steps = mixtures.steps[mixtures.steps["rm"].isin(mixtures.names(MORE))]
    given = steps[[f"weight_{name}" for name in mixtures.sources]]
    given = given.set_axis(pd.Index(mixtures.sources, name="source"), axis=1)
    # A reward model has the steps of one fold after those of another.
    fold = steps.groupby(["rm", "step"]).cumcount()
    each = given.groupby([steps["rm"], fold]).mean()
    columns = {"lowest": each.min(), "highest": each.max(), "zero": (given < 1e-6).mean()}
    table = pd.DataFrame({"mean_weight": given.mean(), **columns}).reset_index()
    return table, given.groupby(steps["step"]).mean(), len(each)


def kept(reports: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """What each loader kept of what it read: source, file, read, kept, left out, why left out.

    `reports` is the content of ``reports.json``. `read` counts comparisons, of which a record can
    hold several. Left out are those that were rejected, and sound ones that were not asked for.
    """
    rows = []
    for source, report in reports.items():
        left = {name: n for name, n in (report["rejected"] | report["passed"]).items() if n}
        why = "; ".join(f"{n} × {name.replace('_', ' ')}" for name, n in left.items()) or "–"
        counts = report["read"], report["kept"], sum(left.values())
        rows.append((source, report["file"], *counts, why))
    columns = ["source", "file", "read", "kept", "left out", "why left out"]
    return pd.DataFrame(rows, columns=columns)


def held(statistics: pd.DataFrame, mixtures: Mixtures) -> pd.DataFrame:
    """Sizes and lengths of each source, from ``statistics.csv`` with its conversations: source,
    pairs, prompts, conversations, mean words of prompts and responses; longer_chosen, the share of
    pairs whose chosen response is the longer, equal ones half."""
    table = statistics.drop(columns=["ties", "part"])
    conversations = mixtures.margins.groupby("source")["group"].nunique()
    table.insert(3, "conversations", table["source"].map(conversations))
    return table


def longer_wins(statistics: pd.DataFrame) -> dict[str, float]:
    """Accuracy of the rule that the longer response is better, by source and in the mean."""
    found = dict(zip(statistics["source"], statistics["longer_chosen"], strict=True))
    return found | {MEAN: float(statistics["longer_chosen"].mean())}


def person_wins(statistics: pd.DataFrame, source: str = "squality") -> float:
    """Accuracy on SQuALITY of a rule that prefers a person's summary and else tosses a coin.

    Each prompt has a summary by a person and two by models. In the published file people always
    prefer the person's, which gives two right answers a prompt; what is left of the pairs compares
    the two models. NaN without that source.
    """
    row = statistics[statistics["source"] == source]
    return np.nan if row.empty else float((0.5 + row["prompts"] / row["pairs"]).iloc[0])


def _by_source(mixtures: Mixtures, judged: np.ndarray, **keys: object) -> pd.DataFrame:
    """The mean over seeds with its interval, and the seeds' extremes: a row a source and the mean.

    `judged` is as of :func:`judge`.
    """
    found = dict(zip(("estimate", "low", "high"), jackknife(judged.mean(axis=-1)), strict=True))
    found |= {"lowest": judged[0].min(axis=-1), "highest": judged[0].max(axis=-1)}
    return pd.DataFrame({**keys, "source": [*mixtures.sources, MEAN], **found})
