"""Held-out accuracy of reward models on real pairs, beside simple references.

In: margins of reward models on pairs they were not trained on, and the pairs. Out: tables of
accuracies with intervals, and a figure. Called by the evaluation stage (tables) and by the
notebook on real pairs (figure).

A reward model is right on a pair if its margin, score(chosen) − score(rejected), is above zero; a
tie is an error (paper *elephant*, eq. 2). A length baseline that meets a tie tosses a coin, so it
earns one half. The linear model on word counts is held out on the same folds and judged like a
reward model.

Intervals are percentile intervals of a cluster bootstrap: whole conversations (pairs with the same
opening, :func:`proxyreward.data.folds.conversation_groups`) are drawn with replacement, because
pairs about one opening are not independent. They speak of new conversations for the models at
hand, not of new training runs.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.data import transcripts
from proxyreward.data.folds import conversation_groups
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator
from proxyreward.findings.core import wordcounts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHANCE = "chance"
WORD_COUNTS = "linear model on word counts"
TURNS = ("all", "single", "multi")
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


def compute(
    margins: pd.DataFrame, pairs: pd.DataFrame, seed: int, resamples: int = 2000
) -> dict[str, pd.DataFrame]:
    """Held-out accuracy tables of every reward model and baseline.

    Parameters
    ----------
    margins : frame with columns ``pair_id, fold, rm, margin``; each model has one margin for each
        pair, from the fold in which the pair was held out.
    pairs : frame of pairs; ``pair_id`` is the row position.
    seed : seed of the bootstrap.
    resamples : number of bootstrap resamples.

    Returns
    -------
    dict of frames, all accuracies being shares in [0, 1]:

    - ``accuracy``: ``kind, name, turns, accuracy, low, high, n, conversations`` for all
      pairs and for single-turn and multi-turn prompts (``turns``);
    - ``folds``: the same with ``fold`` in place of ``turns``;
    - ``differences``: ``rm, baseline, difference, low, high, n``; both members of a
      difference are computed on the same resamples.

    Raises
    ------
    DataError
        If a model lacks a pair, has it twice, has a margin that is not finite, if the models
        disagree on the folds, or if there are fewer than two folds.
    """
    credit, fold = _credit(margins, pairs)
    models = list(credit.columns)
    references = baselines(pairs)
    references[WORD_COUNTS] = (wordcounts.heldout_margins(pairs, fold) > 0).astype(float)
    credit = pd.concat([credit, references], axis=1)
    groups = conversation_groups(pairs["prompt"])
    single = pairs["prompt"].str.count(transcripts.HUMAN).to_numpy() == 1

    def table(column: str, subsets: dict[object, np.ndarray]) -> pd.DataFrame:
        parts = []
        for label, rows in subsets.items():
            rng = generator(f"heldout {column} {label}", seed)
            part = _accuracies(credit[rows], groups[rows], rng, resamples)
            part.insert(0, "kind", np.where(part["name"].isin(models), "rm", "baseline"))
            part.insert(2, column, label)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    turns = dict(zip(TURNS, (np.ones(len(pairs), dtype=bool), single, ~single), strict=True))
    present = {label: rows for label, rows in turns.items() if rows.any()}
    rng = generator("heldout differences", seed)
    return {
        "accuracy": table("turns", present),
        "folds": table("fold", {int(number): fold == number for number in np.unique(fold)}),
        "differences": _differences(credit, models, groups, rng, resamples),
    }


def _credit(margins: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Credit ``(pairs, rms)`` in {0, 1}, models in order of appearance, and fold ``(pairs,)``."""
    columns, folds = {}, []
    for rm, rows in margins.groupby("rm", sort=False):
        ids = np.sort(rows["pair_id"].to_numpy())
        if not np.array_equal(ids, np.arange(len(pairs))):
            raise DataError(
                f"margins of {rm!r}: {len(ids)} rows do not hold each of the {len(pairs)} pairs "
                "once; score every pair in the fold that holds it out"
            )
        rows = rows.sort_values("pair_id")
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


def resampled_means(
    credit: np.ndarray, groups: np.ndarray, rng: np.random.Generator, resamples: int
) -> np.ndarray:
    """Mean credit in each cluster-bootstrap resample.

    Draws as many groups as there are, with replacement; the mean is the ratio of summed credit to
    summed size, so larger groups weigh more, as they do in the plain mean.

    Parameters
    ----------
    credit : ``(pairs, names)``.
    groups : ``(pairs,)`` of group labels.

    Returns
    -------
    ``(resamples, names)``; the columns of a row come from the same draw.
    """
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), credit.shape[1]))
    np.add.at(sums, index, credit)
    draws = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=resamples)
    return (draws @ sums) / (draws @ sizes)[:, None]


def _accuracies(
    credit: pd.DataFrame, groups: np.ndarray, rng: np.random.Generator, resamples: int
) -> pd.DataFrame:
    low, high = _interval(resampled_means(credit.to_numpy(), groups, rng, resamples))
    return pd.DataFrame(
        {
            "name": credit.columns,
            "accuracy": credit.to_numpy().mean(axis=0),
            "low": low,
            "high": high,
            "n": len(credit),
            "conversations": len(np.unique(groups)),
        }
    )


def _differences(
    credit: pd.DataFrame,
    models: list[str],
    groups: np.ndarray,
    rng: np.random.Generator,
    resamples: int,
) -> pd.DataFrame:
    references = [name for name in credit.columns if name not in [*models, CHANCE]]
    names = [(rm, reference) for rm in models for reference in references]
    gaps = np.column_stack([credit[rm] - credit[reference] for rm, reference in names])
    low, high = _interval(resampled_means(gaps, groups, rng, resamples))
    table = pd.DataFrame(names, columns=["rm", "baseline"])
    return table.assign(difference=gaps.mean(axis=0), low=low, high=high, n=len(credit))


def _interval(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return low, high


def plot(table: pd.DataFrame, turns: str = "all") -> "Figure":
    """Forest plot of the ``accuracy`` table, with the chance line.

    Reward models stand above the baselines, each with its 95 % interval; ``turns`` selects all
    prompts, those of a single turn, or those of several ("all", "single", "multi").

    Raises
    ------
    DataError
        If the table has no rows for ``turns``.
    """
    import matplotlib.pyplot as plt
    import seaborn as sns

    shown = table[(table["turns"] == turns) & (table["name"] != CHANCE)]
    if shown.empty:
        raise DataError(f"turns {turns!r}: not in the table; choose one of {', '.join(TURNS)}")
    rows = pd.concat([shown[shown["kind"] == "rm"], shown[shown["kind"] == "baseline"]])
    colours = dict(zip(("rm", "baseline"), sns.color_palette("colorblind"), strict=False))
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.42 * len(rows)), layout="constrained")
    for height, row in enumerate(rows.itertuples()):
        colour = colours[row.kind]
        axes.plot([row.low, row.high], [height, height], color=colour, linewidth=2)
        axes.plot(row.accuracy, height, "o" if row.kind == "rm" else "s", color=colour)
    axes.axvline(0.5, color="0.4", linestyle="--", linewidth=1)
    axes.annotate(
        "chance",
        (0.5, 1),
        (3, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color="0.3",
        ha="left",
    )
    axes.set_yticks(range(len(rows)), rows["name"])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("accuracy on held-out pairs (95 % interval)")
    sns.despine(ax=axes, left=True)
    axes.tick_params(axis="y", length=0)
    return figure
