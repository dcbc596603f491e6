"""What the claims of Figure 4, Table 6 and the judge's prompt of paper *elephant* compare.

In: the tables of `measure` in one run. Out: quantities, by the names that the registry's criteria
use. Called by the stage `elephant_judges`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_judges.measure import (
    ACCURACY,
    ALIKE,
    BIASED,
    CHANCE,
    FLIPS,
    KAPPA,
    MACHINE,
    MARGIN,
    ONE_PROMPT,
    PEOPLE,
    PLAIN,
    RESPONSES,
    RULES,
    SHARD,
    SWAPPED,
    WIN,
    WITHIN,
    ordered_differently,
)
from proxyreward.findings.elephant.elephant_judges.reader import Judgements
from proxyreward.metrics.prediction import kendall, spearman
from proxyreward.vocabulary import (
    ALL,
    EQUAL_SIZE,
    EVALUATOR,
    LADDER,
    MIXED,
    POOR,
    START,
    STRONG,
)

NAMES = {
    MACHINE: "the machine judge", RULES: "the three rules", PEOPLE: "people",
    BIASED: "the biased machine judge",
}  # fmt: skip
TOLD = {WIN: "wins", MARGIN: "wins minus losses"}
LEVELS = {
    SHARD: "over shards", WITHIN: "within test sets", RESPONSES: "over responses",
    ONE_PROMPT: "on one prompt",
}  # fmt: skip


def quantities(
    judgements: Judgements,
    answers: Mapping[str, np.ndarray],
    agreement: pd.DataFrame,
    judged: pd.DataFrame,
    stand_in: pd.DataFrame,
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare; arguments are what `measure` gives."""
    found = _evaluators(agreement) | _policies(agreement, judged) | _stand_in(stand_in)
    pairs = "pairs of policies that both tell apart, ordered differently"
    for judge in (MACHINE, RULES):
        both = answers[judge][0], answers[PEOPLE][0]
        found[f"{NAMES[judge]} and people: share of {pairs}"] = ordered_differently(
            judgements, *both
        )
    return {name: measured(value) for name, value in found.items()}


def _evaluators(agreement: pd.DataFrame) -> dict[str, float]:
    """Figure 4: single reward models, and whether the more accurate one agrees more with people."""
    wide = agreement.pivot(index="rm", columns=["what", "subset"], values="value").loc[[*LADDER]]
    accuracy = wide[ACCURACY, ALL]
    found = {"accuracy of evaluator minus poor": accuracy[EVALUATOR] - accuracy[POOR]}
    for level, name in LEVELS.items():
        one = wide[level, ALL]
        told = f"Spearman with people {name}"
        found |= {f"{rm}: {told}": one[rm] for rm in (POOR, EVALUATOR)}
        found[f"evaluator minus poor: {told}"] = one[EVALUATOR] - one[POOR]
        relation = f"over reward models: Spearman of accuracy and agreement with people {name}"
        found[relation] = _correlated(spearman, accuracy, one)
    return found


def _policies(agreement: pd.DataFrame, judged: pd.DataFrame) -> dict[str, float]:
    """Table 6: the policies by the accuracy of their reward models, and by two judges."""
    accuracy = select(agreement, what=ACCURACY, subset=MIXED).set_index("rm")["value"]
    values = judged.set_index(["judge", "order", "what", "rm"])["value"].sort_index()
    found = {}
    for judge, name in NAMES.items():
        if judge != BIASED:
            for what, told in TOLD.items():
                own = values[judge, PLAIN, what]
                relation = _correlated(spearman, accuracy[[*EQUAL_SIZE]], own[[*EQUAL_SIZE]])
                found[f"{name}: Spearman of accuracy and {told}"] = relation
        own = values[judge, PLAIN, MARGIN]
        found[f"PPO on strong: wins minus losses above the start by {name}"] = (
            own[STRONG] - own[START]
        )
        if judge != PEOPLE:
            both = (values[who, PLAIN, MARGIN][[*EQUAL_SIZE]] for who in (judge, PEOPLE))
            told = f"{name} and people: Kendall of wins minus losses"
            found[told] = _correlated(kendall, *both)
        flips = values[judge, SWAPPED, FLIPS][[*EQUAL_SIZE]].mean()
        found[f"{name}: share of answers that change with the order"] = flips
    return found


def _stand_in(stand_in: pd.DataFrame) -> dict[str, float]:
    """Agreement with people on single comparisons; people with people beside."""
    values = stand_in.set_index(["judge", "order", "what"])["value"].sort_index()
    found = {}
    for judge, name in (NAMES | {PEOPLE: "other people"}).items():
        own = values[judge, PLAIN]
        found[f"{name} and people: Cohen's kappa"] = own[KAPPA]
        found[f"{name} and people: agreement minus chance"] = own[ALIKE] - own[CHANCE]
    swapped = values[BIASED, SWAPPED, KAPPA]
    found[f"{NAMES[BIASED]} in both orders and people: Cohen's kappa"] = swapped
    return found


def _correlated(statistic, x: pd.Series, y: pd.Series) -> float:
    """A correlation over reward models; NaN where one side is constant or unknown."""
    if x.isna().any() or y.isna().any():
        return np.nan
    return float(statistic(x.to_numpy(float), y.to_numpy(float)))
