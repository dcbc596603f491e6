"""Held-out accuracy of reward models on labelled pairs, beside simple references.

In: margins of reward models on pairs that they were not trained on, and the pairs. Out: tables of
accuracies. Called by the stage `evaluation`; `real_more` takes its intervals from here.

A data set cannot be drawn again, so intervals are over its pairs: they speak of new conversations
for the reward models at hand. Pairs about one opening are not independent, so conversations are the
unit.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import t

from proxyreward.data import transcripts
from proxyreward.data.folds import conversation_groups
from proxyreward.data.report import DataError
from proxyreward.findings.core import wordcounts

CHANCE = "chance"
WORD_COUNTS = "linear model on word counts"
TURNS = ("all", "single", "multi")
LEVEL = 0.95
_LENGTHS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "words": lambda text: len(text.split()),
}


def baselines(pairs: pd.DataFrame) -> pd.DataFrame:
    """Expected credit of each baseline on each pair.

    Parameters
    ----------
    pairs : frame with columns ``chosen`` and ``rejected``.

    Returns
    -------
    Frame ``(pairs, 5)`` with values 0, ½ or 1; columns "chance" and "shorter/longer answer
    (characters/words)". Ties in length earn ½.
    """
    credit = {CHANCE: np.full(len(pairs), 0.5)}
    for unit, length in _LENGTHS.items():
        gap = pairs["rejected"].map(length).to_numpy() - pairs["chosen"].map(length).to_numpy()
        shorter = (1 + np.sign(gap)) / 2
        credit[f"shorter answer ({unit})"] = shorter
        credit[f"longer answer ({unit})"] = 1 - shorter
    return pd.DataFrame(credit)


def compute(margins: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Held-out accuracies of every reward model and baseline.

    A reward model is right on a pair if its margin, score(chosen) − score(rejected), is above zero;
    a tie is an error (paper *elephant*, eq. 2). The linear model on word counts is held out on the
    same folds and judged in the same way.

    Parameters
    ----------
    margins : frame with columns ``pair_id, fold, rm, margin``; each model has one margin for each
        pair, from the fold in which the pair was held out.
    pairs : frame of pairs; ``pair_id`` is the row position.

    Returns
    -------
    dict of frames, all accuracies being shares in [0, 1]:

    - ``accuracy``: ``kind, name, turns, accuracy, low, high, n, conversations`` for all
      pairs and for single-turn and multi-turn prompts (``turns``);
    - ``folds``: ``kind, name, fold, accuracy, n``;
    - ``differences``: ``rm, baseline, difference, low, high, n``, pair by pair.

    Raises
    ------
    DataError
        If a model lacks a pair, has it twice, has a margin that is not finite, if the models
        disagree on the folds, or if there are fewer than two folds.
    """
    models, fold = _credit(margins, pairs)
    known = baselines(pairs)
    known[WORD_COUNTS] = (wordcounts.heldout_margins(pairs, fold) > 0).astype(float)
    credit, groups = pd.concat([models, known], axis=1), conversation_groups(pairs["prompt"])
    names = pd.DataFrame({"kind": "baseline", "name": list(credit)})
    names.loc[names["name"].isin(models.columns), "kind"] = "rm"
    single = pairs["prompt"].str.count(transcripts.HUMAN).to_numpy() == 1
    accuracy, folds, differences = [], [], []
    for turns, rows in zip(TURNS, (np.full(len(pairs), True), single, ~single), strict=True):
        if rows.any():
            [mean, low, high] = over_conversations(credit[rows], groups[rows]).clip(0, 1)
            part = names.assign(turns=turns, accuracy=mean, low=low, high=high, n=rows.sum())
            accuracy.append(part.assign(conversations=len(np.unique(groups[rows]))))
    for number in np.unique(fold):
        own = credit[fold == number]
        folds.append(names.assign(fold=number, accuracy=own.mean().to_numpy(), n=len(own)))
    references = known.drop(columns=CHANCE)
    for rm, own in models.items():
        [mean, low, high] = over_conversations(references.rsub(own, axis=0), groups)
        part = pd.DataFrame({"rm": rm, "baseline": list(references), "difference": mean})
        differences.append(part.assign(low=low, high=high, n=len(pairs)))
    tables = {"accuracy": accuracy, "folds": folds, "differences": differences}
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def over_conversations(credit: pd.DataFrame, groups: np.ndarray) -> np.ndarray:
    """Mean over pairs with the interval of :func:`jackknife`, which leaves out conversations.

    Parameters
    ----------
    credit : frame ``(pairs, names)``.
    groups : ``(pairs,)`` labels of the conversations; a larger one weighs more, as in the mean.

    Returns
    -------
    ``(3, names)``: mean, low, high.
    """
    each = credit.groupby(groups).agg("sum").to_numpy()
    left = len(groups) - np.unique(groups, return_counts=True)[1][:, None]
    without = (each.sum(axis=0) - each) / np.where(left, left, np.nan)
    return jackknife(np.vstack([credit.mean(), without]))


def jackknife(values: np.ndarray) -> np.ndarray:
    r"""An estimate and its interval, from the estimates with each part of the data left out.

    .. math:: \hat\theta \pm t_{k-1} \sqrt{\frac{k-1}{k} \sum_i (\hat\theta_{-i} - \bar\theta)^2}

    Parameters
    ----------
    values : ``(1 + k, ...)``; the first row is the estimate from all data, each other row the one
        without one of k independent parts of nearly equal size. Differences of such values are
        paired.

    Returns
    -------
    ``(3, ...)``: estimate, low, high; the ends are NaN for a single part.
    """
    whole, k = values[0], len(values) - 1
    error = np.sqrt((k - 1) * values[1:].var(axis=0)) if k > 1 else np.full(whole.shape, np.nan)
    half = t.ppf((1 + LEVEL) / 2, max(k - 1, 1)) * error
    return np.stack([whole, whole - half, whole + half])


def _credit(margins: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Credit ``(pairs, rms)`` in {0, 1}, models in order of appearance, and fold ``(pairs,)``."""
    columns, folds = {}, []
    for rm, rows in margins.groupby("rm", sort=False):
        rows = rows.sort_values("pair_id")
        if not np.array_equal(rows["pair_id"], np.arange(len(pairs))):
            raise DataError(
                f"margins of {rm!r}: {len(rows)} rows do not hold each of the {len(pairs)} pairs "
                "once; score every pair in the fold that holds it out"
            )
        broken = rows.loc[~np.isfinite(rows["margin"]), "pair_id"]
        if len(broken):
            raise DataError(
                f"margins of {rm!r}, pair {broken.iloc[0]}: the margin is not finite; "
                "train the model again with a lower learning rate"
            )
        columns[rm] = (rows["margin"].to_numpy() > 0).astype(float)
        folds.append(rows["fold"].to_numpy())
    if not columns:
        raise DataError("margins: no rows; train and score at least one reward model")
    if any((fold != folds[0]).any() for fold in folds):
        raise DataError("margins: models were held out on different folds; use one assignment")
    if len(np.unique(folds[0])) < 2:
        raise DataError("margins: all pairs are in one fold; hold out at least two folds in turn")
    return pd.DataFrame(columns), folds[0]
