"""Tables of pairwise verdicts, turned into scores.

In: a `Source` with ``prompt_id, response_a, response_b, winner`` and perhaps ``judge``. Out: a
`Table` with a score for each response that a judge has compared.

The scores of a judge for the responses to one prompt are their strengths s in the model of Bradley
and Terry (1952), P(a beats b) = 1 / (1 + exp(s_b - s_a)), by penalised maximum likelihood: the log
likelihood less `PENALTY` times the sum of s², so that a response that never lost stays finite. A
tie is half a win to both; the same pair in both orders is two verdicts, as is a repeated one. Only
scores of one prompt can be compared with each other.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from proxyreward.evaluation.reading.files import Source
from proxyreward.evaluation.reading.table import (
    Groups,
    Table,
    Types,
    blank,
    coded,
    refuse_other_name,
    refuse_types,
    row,
    text,
)

COLUMNS = ("prompt_id", "response_a", "response_b", "winner")
PENALTY = 0.01
DIGITS = 6
"""To which strengths are rounded, so that responses with the same verdicts tie exactly."""
WORDS = {
    **dict.fromkeys(("a", "model_a", "response_a"), 1.0),
    **dict.fromkeys(("b", "model_b", "response_b"), 0.0),
    **dict.fromkeys(("tie", "tie (bothbad)"), 0.5),
}
"""Winners in lower case; ``model_a`` and ``tie (bothbad)`` are those of Chatbot Arena."""
UNKNOWN, TWOFOLD, SAME = 2.0, 3.0, 4.0


def verdicts(source: Source, groups: Groups, kinds: Types) -> Table:
    """A row for each verdict; without a column ``judge`` the file's name is the judge.

    The winner is one of `WORDS` or the id of one of the two responses.
    """
    judged = "judge" in source.types
    named = [*COLUMNS[:3], *(["judge"] if judged else [])]
    if not judged:
        refuse_other_name(source, "judge", groups.columns().values())
    refuse_types(source, [*named, "winner", *groups.columns().values()], [])
    used = list(dict.fromkeys([*named, "winner", *groups.columns().values()]))
    found = source.rows(used).select(
        row(),
        *(text(name).alias(name) for name in named),
        *(text(column).alias(name) for name, column in groups.columns().items()),
        share=_share(),
    )
    types = {"prompt_id": "prompt_id", "judge": "model", "category": "category"}
    types |= {"response_a": "response_id", "response_b": "response_id", "cluster": "cluster"}
    here = [name for name in types if name in named or name in groups.columns()]
    whole = source.collect(found.with_columns(pl.col(n).cast(kinds[types[n]]) for n in here))
    frame, gaps = blank(source, whole, named)
    _refuse(source, frame)
    if not judged:
        frame = frame.with_columns(judge=pl.lit(source.stem, kinds["model"]))
    given = frame.filter(pl.col("share").is_not_null())
    unused = tuple(name for name in source.types if name not in used)
    scores = coded(_scores(given), kinds).collect()
    missing = frame.height - given.height
    return Table(source, "verdicts", scores, frame.height, unused, gaps, missing)


def _share() -> pl.Expr:
    """Of the win that goes to the first: 1, 0, a half, or what is wrong."""
    a, b, winner = text("response_a"), text("response_b"), text("winner")
    said = winner.str.to_lowercase().replace_strict(WORDS, default=UNKNOWN, return_dtype=pl.Float64)
    twofold = (winner == a) & (said == 0) | (winner == b) & (said == 1)
    return (
        pl.when(a == b).then(SAME)
        .when(twofold).then(TWOFOLD)
        .when(winner == a).then(1.0)
        .when(winner == b).then(0.0)
        .when(winner.is_not_null()).then(said)
    )  # fmt: skip


def _refuse(source: Source, frame: pl.DataFrame) -> None:
    wrong = frame.filter(pl.col("share") > 1)
    if not wrong.height:
        return
    place, kind = wrong["row"][0], wrong["share"][0]
    if kind == SAME:
        what, remedy = "is compared with itself", "delete the row"
        raise source.fault(place, "response_b", what, remedy)
    what = "is none of a, b, tie and the two responses"
    if kind == TWOFOLD:
        what = "is the id of one response and the word for the other"
    raise source.fault(place, "winner", what, "write a, b, tie, or ids that are no such words")


def _scores(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each prompt, judge and response that it has compared, in the order of the file."""
    codes = frame.select(pl.col("prompt_id", "judge", "response_a", "response_b").to_physical())
    prompt, judge, *sides = codes.to_numpy().astype(np.int64).T
    group = np.unique(np.stack([prompt, judge]), axis=1, return_inverse=True)[1].ravel()
    ends = np.stack(sides, axis=1).ravel()
    both = np.stack([np.repeat(group, 2), ends])
    (owner, _), first, item = np.unique(both, axis=1, return_index=True, return_inverse=True)
    order = np.lexsort([first, owner])
    start = np.searchsorted(owner[order], owner)
    place = np.argsort(order) - start
    places = place[item.ravel()].reshape(-1, 2)
    strength = np.concatenate(_strengths(group, places, frame["share"].to_numpy()) or [[]])
    rows = frame[first // 2].with_columns(second=pl.Series(first % 2 == 1))
    response = pl.when("second").then("response_b").otherwise("response_a")
    scored = rows.with_columns(
        response_id=response, score=pl.Series(strength[np.argsort(order)], dtype=pl.Float64)
    )
    return scored[np.argsort(first)].rename({"judge": "model"})


def _strengths(group: np.ndarray, places: np.ndarray, share: np.ndarray) -> list[np.ndarray]:
    """For each group, rising, those of its responses; the same wins are fitted once."""
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    known: dict[bytes, np.ndarray] = {}
    found = []
    for part in parts if len(group) else []:
        wins, by_wins = _wins(places[part], share[part])
        key = wins.tobytes()
        if key not in known:
            known[key] = strengths(wins)
        found.append(known[key][np.argsort(by_wins)])
    return found


def _wins(places: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How often each response beats each, with most wins first, and which response that is.

    Parameters
    ----------
    places : ndarray, shape (verdicts, 2)
    share : ndarray, shape (verdicts,)
        Of the win that goes to the first: 1, 1/2 or 0.
    """
    wins = np.zeros((places.max() + 1,) * 2)
    np.add.at(wins, tuple(places.T), share)
    np.add.at(wins, tuple(places.T[::-1]), 1 - share)
    order = np.lexsort([wins.sum(axis=0), -wins.sum(axis=1)])
    return wins[np.ix_(order, order)], order


def strengths(wins: np.ndarray) -> np.ndarray:
    """Strengths of responses, see the module, shape (responses,).

    Parameters
    ----------
    wins : ndarray, shape (responses, responses)
        How often the first beats the second; whole or half numbers.
    """
    import choix  # takes half a second, which tables of scores need not wait

    pairs = np.argwhere(wins)
    doubled = np.repeat(pairs, (2 * wins[tuple(pairs.T)]).astype(int), axis=0)  # halves as wholes
    found = choix.opt_pairwise(len(wins), doubled.tolist(), alpha=2 * PENALTY, tol=1e-9)
    return np.round(found, DIGITS) + 0.0
