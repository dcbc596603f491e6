"""How far the four who judge again can be trusted: their votes, and the law that these follow.

In: records of the stage `cleaning`, with votes and the oracle's margins. Out: tables by set, or by
how many of them judge.
"""

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import pandas as pd

from proxyreward.data import cleaning
from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import last_request
from proxyreward.findings.elephant.elephant_cleaning.measure import VOTED, binned, judged
from proxyreward.metrics.annotators import fleiss_kappa, krippendorff_alpha, raw_agreement
from proxyreward.vocabulary import ALL, EMPTY, OPPOSITE, REPETITIVE, SAME, TRAIN
from proxyreward.world import annotators, oracle, sources
from proxyreward.world.dirty import ANNOTATORS

OBSERVED, EXPECTED = "observed", "expected"
FIRST, WEIGHED = "first label", "four, weighed"
JUDGES = {1: "one", 2: "two", 3: "three", 4: "four"}
RIGHT, WRONG, UNDECIDED, COST = "right", "wrong", "undecided", "votes"
OUTCOMES = np.array([*product((False, True), repeat=len(ANNOTATORS))])
"""All ways in which the annotators can vote, shape ``(outcomes, annotators)``."""
SHARED, OWN = "shared", "own"
MEASURES = {"raw": raw_agreement, "fleiss": fleiss_kappa, "krippendorff": krippendorff_alpha}


def law(margins: np.ndarray) -> np.ndarray:
    r"""Probabilities of all outcomes of the votes given the margins, shape ``(pairs, outcomes)``.

    .. math:: \prod_a \sigma(\beta_a m)^{v_a} (1 - \sigma(\beta_a m))^{1 - v_a}

    for annotators of quality :math:`\beta_a`, who vote independently; the number of votes for the
    chosen is then Poisson-binomial.
    """
    chance = annotators.chance_of_first(np.asarray(margins)[:, None], 0, annotators.QUALITIES)
    return np.where(OUTCOMES, chance[:, None], 1 - chance[:, None]).prod(axis=-1)


def winners(voters: tuple[int, ...]) -> np.ndarray:
    """Whom more than half of these annotators prefer in each outcome; int ``(outcomes,)``."""
    ours = OUTCOMES[:, voters].sum(axis=1)
    return cleaning.winners(ours, len(voters) - ours, 0 * ours)


def weighed() -> np.ndarray:
    """The same where each vote weighs as much as its annotator's quality is.

    The most that is to be had by learning from their votes whom to believe: for small margins the
    weights are those of the likelihood.
    """
    total = (2 * OUTCOMES - 1) @ np.array(annotators.QUALITIES)
    return np.sign(total.round(9)).astype(np.int8)


def rule(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Types that votes decide, as found and as the law of the votes expects: set, size, type, of,
    value.

    Shares of the records whose type the votes decide; bins of the margin's size are of the training
    set, with *same* and *opposite* exchanged where the margin is negative, so that *same* is the
    vote for the better response.
    """
    everyone, rows = winners((0, 1, 2, 3)), []
    for name, records in sets.items():
        rows += _rule(name, ALL, judged(records), everyone)
        for size, part in binned(judged(records)) if name == TRAIN else ():
            rows += _rule(name, size, _for_the_better(part), everyone)
    return pd.DataFrame(rows, columns=["set", "size", "type", "of", "value"])


def _rule(name: str, size: str, records: pd.DataFrame, winner: np.ndarray) -> list[tuple]:
    chances = law(records["margin"].to_numpy())
    rows = []
    for kind, won in zip(VOTED, (1, 0, -1)):
        expected = chances[:, winner == won].sum(axis=1).mean() if len(records) else np.nan
        rows.append((name, size, kind, OBSERVED, (records["type"] == kind).mean()))
        rows.append((name, size, kind, EXPECTED, expected))
    return rows


def _for_the_better(records: pd.DataFrame) -> pd.DataFrame:
    turned = records["type"].replace({SAME: OPPOSITE, OPPOSITE: SAME})
    kind = records["type"].where(records["margin"] >= 0, turned)
    return records.assign(margin=records["margin"].abs(), type=kind)


def judges(records: pd.DataFrame) -> pd.DataFrame:
    """What one to four judges make of the same records, exactly: judges, measure, value.

    Shares of the records whose type the votes decide and of which the oracle prefers one response:
    labelled ``right``, ``wrong``, or left ``undecided``, in expectation over the votes and over who
    of the annotators judges. ``votes`` is what a record costs. Beside them the first label, as
    found.
    """
    known = judged(records)
    margins = known.loc[known["margin"] != 0, "margin"].to_numpy()
    chances, better = law(abs(margins)), (margins > 0).mean()
    rows = [(FIRST, RIGHT, better), (FIRST, WRONG, 1 - better), (FIRST, UNDECIDED, 0.0)]
    found = {
        name: [winners(some) for some in combinations(range(len(ANNOTATORS)), n)]
        for n, name in JUDGES.items()
    } | {WEIGHED: [weighed()]}
    for name, won in found.items():
        for measure, winner in ((RIGHT, 1), (WRONG, -1), (UNDECIDED, 0)):
            each = [chances[:, one == winner].sum(axis=1).mean() for one in won]
            rows.append((name, measure, np.mean(each)))
    costs = {name: n for n, name in JUDGES.items()} | {WEIGHED: len(ANNOTATORS), FIRST: 1}
    rows += [(name, COST, cost) for name, cost in costs.items()]
    return pd.DataFrame(rows, columns=["judges", "measure", "value"])


def agreement(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How well the four agree on pairs of two different responses: set, measure, value."""
    rows = []
    for name, records in sets.items():
        asked = records[~records["type"].isin([EMPTY, REPETITIVE])]
        ours = asked[list(ANNOTATORS)].sum(axis=1).to_numpy()
        counts = np.stack([ours, len(ANNOTATORS) - ours], axis=1)
        rows += [(name, measure, of(counts)) for measure, of in MEASURES.items()]
    return pd.DataFrame(rows, columns=["set", "measure", "value"])


def consistency(records: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Mean Spearman correlation of two raters' scores of the same responses: criteria, value.

    Three of the annotators score all responses of some records. With ``shared`` criteria each of
    them means the oracle's utility; with ``own`` ones no two mean the same source's, in the mean
    over all ways to give two raters two of the five sources.
    """
    requests = [*records["prompt"].map(last_request)] * 2
    said = [*records["chosen"], *records["rejected"]]
    tastes = [sources.utility(name, requests, said) for name in sources.SOURCES]
    noise = annotators.scores(np.zeros(len(said)), generator("raters", seed))
    rows = [(SHARED, _alike([oracle.utility(requests, said)], noise)), (OWN, _alike(tastes, noise))]
    return pd.DataFrame(rows, columns=["criteria", "value"])


def _alike(utilities: list[np.ndarray], noise: np.ndarray) -> float:
    """Mean over every two raters, of different utilities if there are several."""
    from scipy.stats import rankdata

    scores = np.stack([utility + noise for utility in utilities])
    found = np.corrcoef(rankdata(scores.reshape(-1, noise.shape[1]), axis=1))
    taste, rater = np.indices(scores.shape[:2]).reshape(2, -1)
    pairs = rater[:, None] < rater
    if len(utilities) > 1:
        pairs &= taste[:, None] != taste
    return float(found[pairs].mean())
