"""From preference pairs to the training set of reward models, as paper *rethinking* builds it.

In: a frame of pairs (schema of :mod:`proxyreward.data.pairs`). Out: training pairs, validation
pairs and a table of what each step removed. Called by the stage `data`.
"""

import numpy as np
import pandas as pd

from proxyreward.data import transcripts
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator

STEPS = ["step", "pairs_before", "pairs_after", "what"]
# Two length differences in one bin differ by less than this share of the smaller one.
BIN_WIDTH = 0.1


def construct(
    frame: pd.DataFrame, *, max_words: int, validation_share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Build a training set: filter, balance the lengths, hold out a part.

    The steps of appendix 8.1 of paper *rethinking*, whose limits and shares are not printed:
    single-turn dialogues; one pair per prompt string, the first; no overly long pair; chosen and
    rejected equally long (see :func:`balanced`); a random part held out.

    Parameters
    ----------
    frame : DataFrame
        Pairs.
    max_words : int
        Longest pair kept, in words of the request and of its longer response together.
    validation_share : float
        Share of the remaining pairs held out, rounded down to whole pairs; 0 holds out none.
    seed : int
        Decides which pairs the balance drops and which are held out.

    Returns
    -------
    training, validation : DataFrame
        Pairs in the order of `frame`, renumbered from 0 in each.
    steps : DataFrame
        Columns ``step, pairs_before, pairs_after, what``, in order. After the last step only the
        training pairs count.

    Raises
    ------
    DataError
        If a limit makes no sense, or a step leaves no pair; names the step.
    """
    if max_words < 1 or not 0 <= validation_share < 1:
        raise DataError(
            f"max_words is {max_words} and validation_share {validation_share}; "
            "give at least 1 word and a share from 0 to below 1"
        )
    rng = generator("length balance", seed)
    left, rows = frame, []
    for step, what, keep in (
        ("single turn", "longer dialogues dropped", single_turn),
        ("distinct prompts", "later pairs with the same prompt dropped", first_of_prompt),
        ("length limit", f"pairs above {max_words} words dropped", lambda f: words(f) <= max_words),
        (
            "length balance",
            "longer chosen as often as longer rejected",
            lambda f: balanced(*response_words(f), rng),
        ),
    ):
        before, left = len(left), left[keep(left)]
        rows.append((step, before, len(left), what))
        if left.empty:
            raise DataError(
                f"step {step!r}: none of {before} pairs is left ({what}); load other or more pairs"
            )
    held_out = np.zeros(len(left), dtype=bool)
    order = generator("validation pairs", seed).permutation(len(left))
    held_out[order[: int(validation_share * len(left))]] = True
    training, validation = _renumbered(left[~held_out]), _renumbered(left[held_out])
    rows.append(("validation", len(left), len(training), f"{len(validation)} pairs held out"))
    return training, validation, pd.DataFrame(rows, columns=STEPS)


def length_gap(frame: pd.DataFrame) -> float:
    """(mean length of chosen − mean length of rejected) / pooled sd, lengths in words.

    The pooled variance is the mean of the two variances. NaN below two pairs, infinite if the
    means differ although neither length varies.
    """
    chosen, rejected = response_words(frame)
    return standardised_gap(chosen, rejected)


def standardised_gap(chosen: np.ndarray, rejected: np.ndarray) -> float:
    """The gap of :func:`length_gap` for lengths ``(pairs,)``."""
    if len(chosen) < 2:
        return np.nan
    gap = float(np.mean(chosen) - np.mean(rejected))
    sd = float(np.sqrt((np.var(chosen, ddof=1) + np.var(rejected, ddof=1)) / 2))
    if gap == 0:
        return 0.0
    return gap / sd if sd > 0 else float(np.copysign(np.inf, gap))


def response_words(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of chosen and of rejected in words, each int ``(pairs,)``."""
    return _word_counts(frame["chosen"]), _word_counts(frame["rejected"])


def single_turn(frame: pd.DataFrame) -> np.ndarray:
    """Whether the prompt is one request without any earlier answer; bool ``(pairs,)``."""
    return np.array([len(transcripts.turns(prompt)) == 2 for prompt in frame["prompt"]], bool)


def first_of_prompt(frame: pd.DataFrame) -> np.ndarray:
    """Whether no earlier pair has the same prompt string; bool ``(pairs,)``."""
    return ~frame["prompt"].duplicated().to_numpy()


def words(frame: pd.DataFrame) -> np.ndarray:
    """Words of the first request and of the longer response together, int ``(pairs,)``."""
    requests = _word_counts(frame["prompt"].map(transcripts.first_request))
    return requests + np.maximum(*response_words(frame))


def balanced(chosen: np.ndarray, rejected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pairs to keep so that a longer response is no more often chosen than rejected.

    Pairs are binned by |length difference|. In each bin as many pairs with the longer chosen as
    with the longer rejected are kept, drawn at random; pairs of equal length all stay. Within a
    bin differences vary by less than a share ``w`` = 0.1, hence with ``q = w / (2 + w)`` what is
    left of the difference in means is at most ``2 q / sqrt(1 − q²)`` = 0.095 pooled sd, for
    whatever lengths: the sd of a difference is at most twice the pooled sd.

    Parameters
    ----------
    chosen, rejected : ndarray of int, shape (pairs,)
        Lengths.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (pairs,)
    """
    difference = chosen - rejected
    bins = np.floor(np.log(np.maximum(abs(difference), 1)) / np.log1p(BIN_WIDTH))
    kept = difference == 0
    for each in np.unique(bins[~kept]):
        sides = [np.flatnonzero((bins == each) & (sign * difference > 0)) for sign in (1, -1)]
        fewer = min(map(len, sides))
        for side in sides:
            kept[rng.permutation(side)[:fewer]] = True
    return kept


def _word_counts(texts: pd.Series) -> np.ndarray:
    return np.array([len(text.split()) for text in texts], dtype=int)


def _renumbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(pair_id=np.arange(len(frame))).reset_index(drop=True)
