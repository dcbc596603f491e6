"""Real pairs judged again by a committee: types, agreement, contradiction, toxicity, learning.

In: pairs of one source, margins of judges that have not seen them, and which responses are toxic.
Out: small tables without any text. Called by the stage `real_cleaning`.

A data set cannot be drawn again, so intervals are over its conversations, see :func:`over_blocks`;
they take the judges as they are.
"""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import ACTION, DROP, KEEP, SWAP, content_type, type_of, winners
from proxyreward.data.folds import conversation_groups
from proxyreward.data.seeds import generator
from proxyreward.findings.real.heldout import jackknife
from proxyreward.metrics import annotators
from proxyreward.vocabulary import (
    CLEANED,
    EMPTY,
    FEWER,
    OPPOSITE,
    REPETITIVE,
    SAME,
    TOXIC,
    TYPES,
    UNCLEANED,
    VAGUE,
)

WORDS = "word counts"
SETS = (UNCLEANED, CLEANED, FEWER)
LABEL = {KEEP: 1, SWAP: -1, DROP: 0}
BLOCKS = 50
PLANTED = 0.1
"""Share of labels that are turned in thought, to see how many of these a committee finds."""
INTERVAL = ["estimate", "low", "high"]
AGREEMENT = {
    "raw": annotators.raw_agreement,
    "Fleiss' kappa": annotators.fleiss_kappa,
    "Krippendorff's alpha": annotators.krippendorff_alpha,
}


def tables(
    source: str,
    pairs: pd.DataFrame,
    judges: pd.DataFrame,
    fold: np.ndarray,
    toxic: np.ndarray,
    tie: float,
) -> dict[str, pd.DataFrame]:
    """All tables of one source, by name.

    Parameters
    ----------
    judges : margins of every pair by judges that have not seen it, frame (pairs, members).
    toxic : bool (pairs, 2), the chosen response first.
    tie : as in :func:`votes`.
    """
    cast, groups = votes(judges, fold, tie), conversation_groups(pairs["prompt"])
    kinds = types(pairs, cast, toxic)
    asked = ~np.isin(kinds, (EMPTY, REPETITIVE))
    return {
        "types": type_shares(kinds, groups, source=source),
        "agreement": agreement(cast[asked], groups[asked], source=source),
        "judges": judged(cast[asked], list(judges), groups[asked], source=source),
        "contradiction": contradiction(cast[asked], groups[asked], source=source),
        "toxicity": toxicity(toxic, cast, kinds, groups, source=source),
        "contents": contents(pairs, source=source),
    }


def together(parts: Sequence[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Tables of one name below each other."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: pd.concat([part[name] for part in parts if name in part], ignore_index=True)
        for name in names
    }


def contents(pairs: pd.DataFrame, **keys: object) -> pd.DataFrame:
    """What a comparison of strings finds: pairs, empty chosen and rejected ones, equal ones."""
    empty = {f"empty {side}": (pairs[side] == "").sum() for side in ("chosen", "rejected")}
    same = (pairs["chosen"] == pairs["rejected"]).sum()
    return pd.DataFrame([{**keys, "pairs": len(pairs), **empty, "identical": same}])


def votes(margins: pd.DataFrame, fold: np.ndarray, tie: float) -> np.ndarray:
    """What each judge votes for: 1 the chosen, -1 the rejected, 0 a tie; int8 (pairs, judges).

    Parameters
    ----------
    margins : frame (pairs, judges).
    fold : (pairs,) the fold of each pair, whose judges are models of their own.
    tie : a margin of at most so many standard deviations of its model's margins is a tie.
    """
    sd = margins.groupby(fold).transform("std", ddof=0)
    return (np.sign(margins) * (margins.abs() > tie * sd)).to_numpy().astype(np.int8)


def counts(cast: np.ndarray) -> np.ndarray:
    """Votes for the chosen, for the rejected and ties: int (pairs, 3)."""
    return np.stack([(cast == vote).sum(axis=1) for vote in (1, -1, 0)], axis=1)


def types(pairs: pd.DataFrame, cast: np.ndarray, toxic: np.ndarray) -> np.ndarray:
    """Type of each pair by the rule of `data.cleaning`: texts (pairs,).

    ``toxic`` is of shape (pairs, 2), the chosen response first.
    """
    won = winners(*counts(cast).T)
    each = zip(pairs["chosen"], pairs["rejected"], toxic[:, 0], won, strict=True)
    return np.array([type_of(content_type(c, r), t, w) for c, r, t, w in each], dtype=object)


def labels(
    pairs: pd.DataFrame,
    margins: pd.DataFrame,
    fold: np.ndarray,
    toxic: np.ndarray,
    tie: float,
    out: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """The training sets without one fold: for each pair 1, -1 (turned) or 0 (not in it).

    ``original`` has all pairs as labelled, ``clean`` what the rule keeps and turns, ``fewer`` as
    many of the original as that has, at random.
    """
    rows = np.flatnonzero(fold != out)
    kinds = types(pairs.iloc[rows], votes(margins.iloc[rows], fold[rows], tie), toxic[rows])
    clean = np.array([LABEL[ACTION[kind]] for kind in kinds])
    drawn = generator(f"fewer {out}", seed).permutation(len(rows)) < np.count_nonzero(clean)
    found = {UNCLEANED: np.ones(len(rows), int), CLEANED: clean, FEWER: drawn.astype(int)}
    sets = {name: np.zeros(len(pairs), np.int8) for name in found}
    for name, own in found.items():
        sets[name][rows] = own
    return sets


def over_blocks(statistic: Callable[[np.ndarray], object], groups: np.ndarray) -> np.ndarray:
    """A statistic of some rows with the interval that leaving out blocks of conversations gives.

    Parameters
    ----------
    statistic : takes the numbers of rows, gives a float or an array.
    groups : (rows,) number of the conversation; up to `BLOCKS` blocks hold whole ones.

    Returns
    -------
    (3, ...): estimate, low, high.
    """
    place = np.unique(groups, return_inverse=True)[1]
    count = min(BLOCKS, place.max() + 1)
    block = place * count // (place.max() + 1)
    kept = [block >= 0, *(block != number for number in range(count))]
    return jackknife(np.array([statistic(np.flatnonzero(rows)) for rows in kept], float))


def rows_of(names: Sequence[str], ends: np.ndarray, column: str, **keys: object) -> pd.DataFrame:
    """A table of intervals ``(3, names)``."""
    found = pd.DataFrame(np.reshape(ends, (3, -1)).T, columns=INTERVAL)
    found.insert(0, column, names)
    for place, (key, value) in enumerate(keys.items()):
        found.insert(place, key, value)
    return found


def type_shares(
    kinds: np.ndarray, groups: np.ndarray, known: Sequence[str] = TYPES, **keys: object
):
    """How many pairs are of each type: type, count, and the share with its interval."""
    own = np.stack([kinds == kind for kind in known], axis=1)
    ends = over_blocks(lambda rows: own[rows].mean(axis=0), groups).clip(0, 1)
    found = rows_of(known, ends, "type", **keys)
    found.insert(len(keys) + 1, "count", own.sum(axis=0))
    return found


def agreement(cast: np.ndarray, groups: np.ndarray, **keys: object) -> pd.DataFrame:
    """How well votes agree, a tie being an answer of its own: measure and interval."""
    table = counts(cast)
    ends = over_blocks(lambda rows: [of(table[rows]) for of in AGREEMENT.values()], groups)
    return rows_of(list(AGREEMENT), ends, "measure", **keys)


def judged(cast: np.ndarray, names: Sequence[str], groups: np.ndarray, **keys: object):
    """Shares of votes for the label, against it and for neither: vote, judge, interval."""
    found = []
    for vote, name in ((1, "label"), (-1, "against"), (0, "tie")):
        ends = over_blocks(lambda rows, vote=vote: (cast[rows] == vote).mean(axis=0), groups)
        found.append(rows_of(names, ends.clip(0, 1), "judge", **keys, vote=name))
    return pd.concat(found, ignore_index=True)


def contradiction(cast: np.ndarray, groups: np.ndarray, **keys: object) -> pd.DataFrame:
    """How often the committee confirms and contradicts labels, beside what that would mean.

    Rows of ``quantity``: shares of pairs whose vote is *opposite*, *vague* and *same*; the same
    *if independent*: if each judge were as often right, wrong and undecided as it is, each on its
    own, all labels being right; *shared errors*, opposite less opposite if independent; *found* and
    *right*: were a tenth (`PLANTED`) of the labels turned at random, the share of turned ones that
    would be called opposite, and the share of turned ones among all so called. The judges have not
    seen the pair, so that turning its label turns their agreement with it and nothing else; and the
    other labels are taken to be right.
    """
    kinds = (OPPOSITE, VAGUE, SAME)
    names = [*kinds, *(f"{kind} if independent" for kind in kinds), "shared errors"]

    def statistic(rows: np.ndarray) -> list[float]:
        won = winners(*counts(cast[rows]).T)
        shares = np.array([(won == value).mean() for value in (-1, 0, 1)])
        alone = independent(np.stack([(cast[rows] == v).mean(axis=0) for v in (-1, 0, 1)]))
        turned, right = PLANTED * shares[2], (1 - PLANTED) * shares[0]
        found = turned / (turned + right) if turned + right else np.nan
        return [*shares, *alone, shares[0] - alone[0], shares[2], found]

    return rows_of([*names, "found", "right"], over_blocks(statistic, groups), "quantity", **keys)


def independent(shares: np.ndarray) -> np.ndarray:
    """Chances that independent judges together call a pair opposite, vague and same.

    ``shares``, (3, judges): how often each votes against the label, for neither, and for it.

    >>> independent(np.array([[0.5] * 4, [0.0] * 4, [0.5] * 4]))  # four coins
    array([0.3125, 0.375 , 0.3125])
    """
    cast = np.array(list(product((-1, 0, 1), repeat=shares.shape[1])))
    chance = np.prod(np.take_along_axis(shares, cast + 1, axis=0), axis=1)
    won = winners(*counts(cast).T)
    return np.array([chance[won == value].sum() for value in (-1, 0, 1)])


def toxicity(toxic: np.ndarray, cast: np.ndarray, kinds: np.ndarray, groups: np.ndarray, **keys):
    """Toxic responses, and what the rule leaves open about them: quantity, count, and interval.

    *outvoted* are toxic pairs whose rejected response wins the vote, *correctable* those of them
    whose rejected one is not toxic, *swapped to toxic* opposite pairs whose new chosen one is. The
    last row, the share of chosen ones less that of rejected ones, has no count.
    """
    won = winners(*counts(cast).T)
    outvoted = (kinds == TOXIC) & (won < 0)
    rows = {
        "chosen": toxic[:, 0],
        "rejected": toxic[:, 1],
        "outvoted": outvoted,
        "correctable": outvoted & ~toxic[:, 1],
        "swapped to toxic": (kinds == OPPOSITE) & toxic[:, 1],
    }
    own = np.stack(list(rows.values()), axis=1).astype(float)
    gap = (toxic[:, 0].astype(float) - toxic[:, 1])[:, None]
    values = np.hstack([own, gap])
    ends = over_blocks(lambda index: values[index].mean(axis=0), groups)
    ends[:, :-1] = ends[:, :-1].clip(0, 1)
    found = rows_of([*rows, "chosen less rejected"], ends, "quantity", **keys)
    found.insert(len(keys) + 1, "count", [*own.sum(axis=0).astype(int), None])
    return found.astype({"count": "Int64"})
