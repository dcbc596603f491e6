"""Held-out accuracy of reward models on labelled pairs, beside simple references.

In: margins of reward models on pairs that they were not trained on, and the pairs. Out: tables of
accuracies. Called by the stage `evaluation`; the notebooks `real_hh` and `finding1` read what that
wrote, and `real_more` takes its intervals from here.

A data set cannot be drawn again, so these intervals are over its pairs: they speak of new
conversations for the reward models at hand, not of new training runs. Pairs about one opening are
not independent, so whole conversations are the unit.
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
    single = pairs["prompt"].str.count(transcripts.HUMAN).to_numpy() == 1
    names = {"kind": ["rm"] * len(models.columns) + ["baseline"] * len(known.columns)}
    names["name"] = list(credit)
    accuracy, folds, differences = [], [], []
    for turns, rows in zip(TURNS, (np.ones(len(pairs), dtype=bool), single, ~single), strict=True):
        if rows.any():
            found = over_conversations(credit[rows].to_numpy(), groups[rows]).clip(0, 1)
            sizes = {"n": int(rows.sum()), "conversations": len(np.unique(groups[rows]))}
            columns = dict(zip(("accuracy", "low", "high"), found, strict=True))
            accuracy.append(pd.DataFrame({**names, "turns": turns, **columns, **sizes}))
    for number in np.unique(fold):
        own = credit[fold == number]
        found = own.mean().to_numpy()
        folds.append(pd.DataFrame({**names, "fold": number, "accuracy": found, "n": len(own)}))
    references = known.drop(columns=CHANCE)
    for rm, own in models.items():
        gaps = own.to_numpy()[:, None] - references.to_numpy()
        found = dict(zip(("difference", "low", "high"), over_conversations(gaps, groups)))
        pair = {"rm": rm, "baseline": list(references)}
        differences.append(pd.DataFrame({**pair, **found, "n": len(pairs)}))
    tables = {"accuracy": accuracy, "folds": folds, "differences": differences}
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def over_conversations(credit: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Mean credit over pairs, with the interval of :func:`jackknife` over conversations.

    Parameters
    ----------
    credit : ``(pairs, names)``.
    groups : ``(pairs,)`` labels of the conversations; a larger one weighs more, as in the mean.

    Returns
    -------
    ``(3, names)``: mean, low, high.
    """
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), credit.shape[1]))
    np.add.at(sums, index, credit)
    left = len(groups) - sizes
    without = (sums.sum(axis=0) - sums) / np.where(left, left, np.nan)[:, None]
    return jackknife(np.vstack([credit.mean(axis=0), without]))


def jackknife(values: np.ndarray) -> np.ndarray:
    r"""An estimate and its interval, from the estimates with each part of the data left out.

    .. math:: \hat\theta \pm t_{k-1} \sqrt{\frac{k-1}{k} \sum_i (\hat\theta_{-i} - \bar\theta)^2}

    Parameters
    ----------
    values : ``(1 + k, ...)``; the first row is the estimate from all data, each other row the one
        without one of k independent parts of nearly equal size. Values that are computed from the
        same parts can be subtracted first: their difference is then a paired one.

    Returns
    -------
    ``(3, ...)``: estimate, low, high; the ends are NaN for a single part.
    """
    whole, without = values[0], values[1:]
    k = len(without)
    if k < 2:
        return np.stack([whole, whole * np.nan, whole * np.nan])
    error = np.sqrt((k - 1) * without.var(axis=0))
    half = t.ppf((1 + LEVEL) / 2, k - 1) * error
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
