"""Do reward models and judges say what people say? Scores of responses, and comparisons.

In: `Judgements` of one run, and a generator for the noise of people. Out: tables of Figure 4, Table
6 and the judge's stand for people, with ``paper`` where the paper prints a number. Called by the
stage `elephant_judges`.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.elephant.elephant_judges.reader import SCORE, TESTED, Judgements
from proxyreward.judges import oracle, people, scores
from proxyreward.judges.judge import Judge, both_orders
from proxyreward.metrics.annotators import cohen_kappa
from proxyreward.metrics.judge import agreed, flips, tally
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import (
    ALL,
    CONFLICTING,
    EQUAL_SIZE,
    EVALUATOR,
    HALF,
    LADDER,
    LARGE,
    MIDDLE,
    MIXED,
    ORACLE,
    POOR,
    SMALL,
    START,
    STRONG,
)

PAPERS = {
    POOR: "GPT-J", SMALL: "Pythia-1.4B", MIDDLE: "Pythia-2.8B", CONFLICTING: "Beaver-7B",
    HALF: "Ziya-7B", LARGE: "Pythia-6.9B", STRONG: "Starling-7B", EVALUATOR: "Starling-34B",
}  # fmt: skip
"""Reward models, with the paper's."""
NAMED = {f"{SCORE}{rm}": rm for rm in LADDER} | {ORACLE: ORACLE}
"""Columns of scores, and what the tables call them."""
SHARDS = 5  # of each test set, as in the paper
SHARD, WITHIN, RESPONSES = "shards", "shards within a test set", "responses"
ONE_PROMPT = "responses to one prompt"
ACCURACY = "accuracy"

MACHINE, RULES, PEOPLE, BIASED = "machine", "rules", "people", "biased"
PRINTED = {MACHINE: "gpt4", PEOPLE: "human"}
"""Judges, with the paper's: a reward model, the three rules without an error, and simulated people;
and the reward model as one who likes what is shown first."""
BIAS = 0.5  # what being shown first is worth to that one, in sd of its scores
PLAIN, SWAPPED = "first shown first", "both orders"
OUTCOMES = WIN, TIE, LOSE = "win", "tie", "lose"
MARGIN, FLIPS = "win minus lose", "flips"
KAPPA, ALIKE, CHANCE = "kappa", "agreement", "agreement by chance"
APART = 1.96  # standard errors by which a judge tells two policies apart


def human_scores(judgements: Judgements, rng: np.random.Generator) -> np.ndarray:
    """Mean score by three people and five criteria of each response of PPO, shape (responses,)."""
    own = judgements.spoken
    return people.scores(own["prompt"], own["response"], rng).mean(axis=(0, 2))


def points(judgements: Judgements, human: np.ndarray) -> pd.DataFrame:
    """The points of Figure 4: means over the responses of a policy to the prompts of a shard.

    Columns policy, subset, shard, human and a column for each reward model and the oracle, in sd of
    its scores of all these responses. The prompts of a test set, in their order, make `SHARDS`
    shards.
    """
    own = judgements.spoken
    place = own.groupby("subset")["prompt_id"].rank(method="dense").sub(1)
    sizes = own.groupby("subset")["prompt_id"].transform("nunique")
    shard = (SHARDS * place // sizes).astype(int)
    worth = own.rename(columns=NAMED)[[*NAMED.values()]]
    table = (worth - worth.mean()) / worth.std(ddof=0)
    keys = {"policy": own["policy"], "subset": own["subset"], "shard": shard}
    return table.assign(**keys, human=human).groupby([*keys], as_index=False).mean()


def agreement(
    judgements: Judgements, human: np.ndarray, shards: pd.DataFrame, registry: Registry
) -> pd.DataFrame:
    """How well each reward model agrees with people, and how accurate it is.

    Spearman's correlation of its scores with people's over the `SHARD`s of all test sets, over
    those `WITHIN` a test set (mean over sets) and over `RESPONSES`; each a mean over the policies.
    `ONE_PROMPT`: over the responses of all policies, of both scores less their mean over those to
    the same prompt. A ranking loss sees differences on one prompt alone, so what a reward model
    gives all responses to a prompt is left to chance.
    The same of the oracle, the most that a score without people's noise can reach. ``accuracy`` on
    the cleaned tests: mixed, and `ALL`, the mean over test sets.

    Returns
    -------
    DataFrame
        rm, what, subset, paper, value.
    """
    own = judgements.spoken.rename(columns=NAMED).assign(human=human)
    printed, rows = registry.printed("elephant.table4"), []
    for name in NAMED.values():
        found = {
            SHARD: _correlation(shards, ["policy"], name),
            WITHIN: _correlation(shards, ["policy", "subset"], name),
            RESPONSES: _correlation(own, ["policy"], name),
            ONE_PROMPT: _on_one_prompt(own, name),
        }
        rows += [(name, what, ALL, np.nan, value) for what, value in found.items()]
    for rm in LADDER:
        right, paper = judgements.accuracies(rm), printed[PAPERS[rm]]["CTest_mixed"] / 100
        rows.append((rm, ACCURACY, MIXED, paper, right[MIXED]))
        rows.append((rm, ACCURACY, ALL, np.nan, right[list(TESTED)].mean()))
    return pd.DataFrame(rows, columns=["rm", "what", "subset", "paper", "value"])


def _correlation(table: pd.DataFrame, keys: list[str], column: str) -> float:
    """Mean over groups of Spearman's correlation with people's scores."""
    groups = [group for _, group in table.groupby(keys)]
    return float(np.nanmean([spearman(group[column], group["human"]) for group in groups]))


def _on_one_prompt(table: pd.DataFrame, column: str) -> float:
    both = table[[column, "human"]]
    apart = both - both.groupby([table["subset"], table["prompt_id"]]).transform("mean")
    return float(spearman(apart[column], apart["human"]))


def calls(judgements: Judgements, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """What each judge answers, response against chosen: by judge, shape (2, comparisons).

    The rows are the two orders, as of :func:`proxyreward.judges.judge.both_orders`; comparisons
    those of `Judgements.compared`.
    """
    own = judgements.compared
    sides = [own[name].tolist() for name in ("prompt", "response", "chosen")]
    return {name: both_orders(judge, *sides) for name, judge in _judges(own, rng).items()}


def _judges(compared: pd.DataFrame, rng: np.random.Generator) -> dict[str, Judge]:
    both = np.concatenate([compared[EVALUATOR], compared[f"{EVALUATOR}:chosen"]])
    texts = [*compared["response"], *compared["chosen"]]
    score = scores.known([*compared["prompt"]] * 2, texts, both)
    return {
        MACHINE: scores.reward_model(score, both.std()),
        RULES: oracle.three_rules(),
        PEOPLE: people.People(rng),
        BIASED: scores.reward_model(score, both.std(), bias=BIAS),
    }


def judged(
    judgements: Judgements, answers: dict[str, np.ndarray], registry: Registry
) -> pd.DataFrame:
    """Table 6: how often the policies of PPO win over the chosen responses, by every judge.

    Returns
    -------
    DataFrame
        rm (``start``: before PPO), judge, order, what, paper, value: shares ``win, tie, lose`` and
        ``win minus lose`` of the policy's response, shown first, or with both orders asked; and of
        the latter ``flips``, the share of comparisons whose answer changes.
    """
    rms, printed, rows = judgements.compared["rm"], registry.printed("elephant.table6"), []
    for rm in (START, *EQUAL_SIZE):
        for judge, both in answers.items():
            own = both[:, rms == rm]
            for order, won in ((PLAIN, own[0]), (SWAPPED, agreed(own))):
                papers = {}
                if rm in PAPERS and judge in PRINTED and order == PLAIN:
                    papers = _printed(printed[PAPERS[rm]], PRINTED[judge])
                rows += [
                    (rm, judge, order, what, papers.get(what, np.nan), value)
                    for what, value in shares(won).items()
                ]
            rows.append((rm, judge, SWAPPED, FLIPS, np.nan, flips(own)))
    return pd.DataFrame(rows, columns=["rm", "judge", "order", "what", "paper", "value"])


def shares(outcomes: np.ndarray) -> dict[str, float]:
    """Shares of wins, ties and losses, and the first less the last."""
    found = dict(zip(OUTCOMES, np.array(tally(outcomes)) / len(outcomes), strict=True))
    return found | {MARGIN: found[WIN] - found[LOSE]}


def _printed(row: dict[str, float], who: str) -> dict[str, float]:
    found = {what: row[f"{who}_{what}"] / 100 for what in OUTCOMES}
    return found | {MARGIN: found[WIN] - found[LOSE]}


def stand_in(judgements: Judgements, answers: dict[str, np.ndarray]) -> pd.DataFrame:
    """How well judges agree with people on single comparisons of the policies of PPO.

    Columns judge, order, what, value: Cohen's ``kappa``, the share of equal answers, and what of it
    chance would give judges who answer as often each way. People are asked once; `PEOPLE` stands
    for others of them, who are asked in the other order.
    """
    kept = (judgements.compared["rm"] != START).to_numpy()
    asked, again = answers[PEOPLE][:, kept]
    rows = []
    for judge in (MACHINE, RULES, BIASED):
        own = answers[judge][:, kept]
        rows += [(judge, PLAIN, *each) for each in _agreement(own[0], asked).items()]
        rows += [(judge, SWAPPED, *each) for each in _agreement(agreed(own), asked).items()]
    rows += [(PEOPLE, PLAIN, *each) for each in _agreement(again, asked).items()]
    return pd.DataFrame(rows, columns=["judge", "order", "what", "value"])


def _agreement(judge: np.ndarray, others: np.ndarray) -> dict[str, float]:
    chance = sum((judge == one).mean() * (others == one).mean() for one in (-1, 0, 1))
    alike = float((judge == others).mean())
    return {KAPPA: cohen_kappa(judge, others), ALIKE: alike, CHANCE: float(chance)}


def ordered_differently(judgements: Judgements, first: np.ndarray, second: np.ndarray) -> float:
    """Of pairs of policies that two judges tell apart, the share that they order differently.

    Policies are those of one reward model together. A judge tells two apart if the mean over
    prompts of the difference of their outcomes is `APART` standard errors from zero. NaN without
    such a pair. `first` and `second` are outcomes, shape (comparisons,).
    """
    signs = np.array([_order(judgements.compared, won) for won in (first, second)])
    both = (signs != 0).all(axis=0)
    return float((signs[0] != signs[1])[both].mean()) if both.any() else np.nan


def _order(compared: pd.DataFrame, won: np.ndarray) -> list[float]:
    """Of every two reward models 1 or -1 as the first or second has the better policies, else 0."""
    means = compared.assign(won=won).pivot_table(index="prompt_id", columns="rm", values="won")
    found = []
    for first, second in combinations(EQUAL_SIZE, 2):
        gap = (means[first] - means[second]).to_numpy()
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        found.append(np.sign(gap.mean()) if abs(gap.mean()) > APART * error else 0.0)
    return found


def sizes(judgements: Judgements) -> pd.DataFrame:
    """How much was compared, in one row."""
    own, compared = judgements.spoken, judgements.compared
    found = {
        "responses": len(own),
        "policies": own["policy"].nunique(),
        "comparisons": int((compared["rm"] == STRONG).sum()),
        "prompts": compared["prompt_id"].nunique(),
        "points": len(select(own, policy=own["policy"].iloc[0])["subset"].unique()) * SHARDS,
    }
    return pd.DataFrame([found])
