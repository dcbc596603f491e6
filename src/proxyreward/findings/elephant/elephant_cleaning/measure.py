"""How dirty the records are, what cleaning finds of it, and how far the judges can be trusted.

In: records of the stage `cleaning`, of which the truth is known. Out: tables by set: the training
set and five test subsets.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import pandas as pd

from proxyreward.data import cleaning
from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.metrics.annotators import fleiss_kappa, krippendorff_alpha, raw_agreement
from proxyreward.vocabulary import (
    ALL,
    EMPTY,
    HELPFUL_ONLINE,
    OPPOSITE,
    REPETITIVE,
    SAME,
    SUBSETS,
    TOXIC,
    TRAIN,
    TYPES,
    VAGUE,
)
from proxyreward.world import annotators, oracle, sources
from proxyreward.world.dirty import ANNOTATORS

PRINTED = {TRAIN: "train", HELPFUL_ONLINE: "test_helpful_online"}
"""Sets of which the paper prints the share of type *same*."""
VOTED = (SAME, VAGUE, OPPOSITE)
OBSERVED, EXPECTED = "observed", "expected"
COUNT, SHARE = "count", "share"
SIZES = (0.0, 0.25, 0.5, 1.0, 2.0, np.inf)
"""Ends of the bins of absolute margins, in utility."""
BEFORE, AFTER = "wrong before", "wrong after"
FATES = TURNED, DROPPED, LEFT = "turned", "dropped", "left"
PRECISION, HARMED, LOST = "precision", "harmed", "lost"
FIRST, WEIGHED = "first label", "four, weighed"
JUDGES = {1: "one", 2: "two", 3: "three", 4: "four"}
RIGHT, WRONG, UNDECIDED, COST = "right", "wrong", "undecided", "votes"
OUTCOMES = np.array([*product((False, True), repeat=len(ANNOTATORS))])
"""All ways in which the annotators can vote, shape ``(outcomes, annotators)``."""
SHARED, OWN = "shared", "own"
MEASURES = {"raw": raw_agreement, "fleiss": fleiss_kappa, "krippendorff": krippendorff_alpha}
EXAMPLES = 2


def by_set(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The training set, and the test records of each subset."""
    training = records["split"] == TRAIN
    tests = {name: records[~training & (records["source"] == name)] for name in SUBSETS}
    return {TRAIN: records[training]} | tests


def judged(records: pd.DataFrame) -> pd.DataFrame:
    """Records whose type the votes decide."""
    return records[records["type"].isin(VOTED)]


def types(sets: Mapping[str, pd.DataFrame], registry: Registry) -> pd.DataFrame:
    """Counts and shares of the six types: set, type, measure, paper, value (Table 7, Figures 3, 7).

    The paper's two percentages are the shares of *same*.
    """
    printed = registry.printed("elephant.fig3", "unaffected_percent")
    rows = []
    for (name, records), kind in product(sets.items(), TYPES):
        found = records["type"] == kind
        paper = printed[PRINTED[name]] / 100 if kind == SAME and name in PRINTED else np.nan
        rows.append((name, kind, COUNT, np.nan, found.sum()))
        rows.append((name, kind, SHARE, paper, found.mean()))
    return pd.DataFrame(rows, columns=["set", "type", "measure", "paper", "value"])


def truth(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the oracle says of the labels before and after cleaning: set, size, measure, value.

    `size` is the bin of the absolute margin, or all; single bins are given of the training set.
    Pairs between which the oracle sees no difference are left out. Shares:

    - ``wrong before``, ``wrong after``: of the pairs, those whose label the oracle contradicts;
    - of those with a wrong label: ``turned`` (recall), ``dropped`` and ``left``;
    - of those with a right label: ``harmed`` (turned) and ``lost`` (dropped);
    - ``precision``: of the turned ones, those whose label was wrong; and ``share``: pairs in a bin.
    """
    rows = []
    for name, records in sets.items():
        known = records[records["margin"] != 0]
        rows += [(name, ALL, *found) for found in _fates(known).items()]
        for size, part in binned(known) if name == TRAIN else ():
            rows += [(name, size, *found) for found in _fates(part).items()]
            rows.append((name, size, SHARE, len(part) / len(known)))
    return pd.DataFrame(rows, columns=["set", "size", "measure", "value"])


def binned(records: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Records by the size of their margin, the bins of :data:`SIZES` by name."""
    place = np.searchsorted(SIZES, records["margin"].abs(), side="right") - 1
    names = [f"{low:g} to {high:g}" for low, high in zip(SIZES[:-2], SIZES[1:-1])]
    names.append(f"{SIZES[-2]:g} or more")
    return [(name, records[place == i]) for i, name in enumerate(names)]


def _fates(records: pd.DataFrame) -> dict[str, float]:
    wrong, action = records["margin"] < 0, records["type"].map(cleaning.ACTION)
    turned, dropped = action == cleaning.SWAP, action == cleaning.DROP
    return {
        BEFORE: wrong.mean(),
        AFTER: (wrong ^ turned)[~dropped].mean(),
        TURNED: turned[wrong].mean(),
        DROPPED: dropped[wrong].mean(),
        LEFT: (~turned & ~dropped)[wrong].mean(),
        HARMED: turned[~wrong].mean(),
        LOST: dropped[~wrong].mean(),
        PRECISION: wrong[turned].mean(),
    }


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


def toxic(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the rule leaves open about toxic records: set, measure, value.

    Counts as of :func:`proxyreward.people.clean.summarise`: of type ``toxic``, of these
    ``outvoted`` and ``correctable``, and ``swapped_to_toxic``. Shares of all records whose
    ``chosen`` or ``rejected`` response is toxic.
    """
    rows = []
    for name, records in sets.items():
        kind, other = records["type"], records["rejected_toxic"]
        outvoted = (kind == TOXIC) & (2 * records[list(ANNOTATORS)].sum(axis=1) < len(ANNOTATORS))
        counts = {TOXIC: kind == TOXIC, "outvoted": outvoted, "correctable": outvoted & ~other}
        counts["swapped_to_toxic"] = (kind == OPPOSITE) & other
        rows += [(name, measure, found.sum()) for measure, found in counts.items()]
        rows += [(name, "chosen", records["toxic"].mean()), (name, "rejected", other.mean())]
    return pd.DataFrame(rows, columns=["set", "measure", "value"])


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


def differences(records: pd.DataFrame, cleaned: pd.DataFrame) -> int:
    """Pairs that only one has of cleaned pairs and *same* with turned *opposite* records."""
    texts = ["source", "prompt", "chosen", "rejected"]
    turned = select(records, type=OPPOSITE).rename(
        columns={"chosen": "rejected", "rejected": "chosen"}
    )
    parts = (select(records, type=SAME), turned)
    expected = Counter(
        row for part in parts for row in part[texts].itertuples(index=False, name=None)
    )
    found = Counter(cleaned[texts].itertuples(index=False, name=None))
    return (expected - found).total() + (found - expected).total()


def examples(records: pd.DataFrame) -> pd.DataFrame:
    """The first records of each type: type, request, chosen, rejected, votes for the chosen."""
    first = records.groupby("type", sort=False).head(EXAMPLES)
    first = first.assign(
        request=first["prompt"].map(last_request), votes=first[list(ANNOTATORS)].sum(axis=1)
    )
    place = first["type"].map(TYPES.index)
    return first.loc[place.sort_values(kind="stable").index][
        ["type", "request", "chosen", "rejected", "votes"]
    ]
