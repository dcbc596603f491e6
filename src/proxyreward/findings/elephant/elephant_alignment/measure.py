"""Gains of policies, what they say, and how reward models rank beside the policies made with them.

In: `Aligned` of one run. Out: tables of Table 2, Table 5 and what surrounds them, with ``paper``
where the paper prints a number. Called by the stage `elephant_alignment`.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, Aligned, dpo
from proxyreward.vocabulary import (
    ALL,
    CLEANED,
    CONFLICTING,
    DPO,
    EQUAL_SIZE,
    EVALUATOR,
    FEWER,
    HALF,
    HARMLESS_BASE,
    HELPFUL_BASE,
    INITIAL,
    LARGE,
    MIXED,
    ORACLE,
    PPO,
    REFUSED,
    SECOND,
    START,
    STRONG,
    TOXIC,
    UNCLEANED,
)
from proxyreward.world import oracle
from proxyreward.world.records import is_toxic

BASES = {SECOND: "DPO-Pythia-2.8B", INITIAL: "DPO-LLaMA-7B"}
"""The two bases, with the paper's."""
SETS = {CLEANED: "CHH-RLHF_train", UNCLEANED: "HH-RLHF_train"}
COLUMNS = {HARMLESS_BASE: "CHarmless_base", HELPFUL_BASE: "CHelpful_base", MIXED: "CTest_mixed"}
MODELS = {
    CONFLICTING: "Beaver-7B", HALF: "Ziya-7B", LARGE: "Pythia-6.9B", STRONG: "Starling-7B",
}  # fmt: skip
"""Reward models of PPO, with the paper's."""
JUDGES = (EVALUATOR, ORACLE)
OWN = "own"
"""Judge: the reward model that a policy was optimised on."""
ACCURACY, BENCH, ALIGNMENT = "accuracy", "bench", "alignment"
SAFETY, CHAT = "Safety", "Chat"
CATEGORIES = {SAFETY: "rewardbench_Safety", CHAT: "rewardbench_Chat", ALL: "rewardbench_Avg"}
NON_ANSWER = "non-answer"
CONTENT = ("correct", "wrong", "declined", "support", "false", "off_topic", "harm", "empty")
"""Features of a response that says something, and of one that says nothing at all."""


def minus(data: str) -> str:
    """Name of the difference between clean and another training set."""
    return f"{CLEANED} minus {data}"


def table2(aligned: Aligned, registry: Registry) -> pd.DataFrame:
    """Gains of DPO over the start policy, in sd of its responses.

    Columns base, of (a training set, or clean minus another one), subset (`ALL`: mean over test
    sets), judge, paper, value. The paper's numbers are differences in the reward of its evaluator,
    whose unit is another one.
    """
    printed, rows = registry.printed("elephant.table2"), []
    for base, paper in BASES.items():
        rewards = pd.DataFrame(printed[paper])[[*SETS.values()]].loc[[*COLUMNS.values()]]
        less = (rewards[SETS[CLEANED]] - rewards[SETS[UNCLEANED]]).to_numpy(float)
        papers = dict(zip((*TESTED, ALL), (*less, less.mean()), strict=True))
        for judge in JUDGES:
            found = {name: aligned.gain([dpo(base, name)], judge) for name in aligned.sets(base)}
            found |= {minus(name): found[CLEANED] - found[name] for name in (UNCLEANED, FEWER)}
            for of, gains in found.items():
                known = papers if (of, judge) == (minus(UNCLEANED), EVALUATOR) else {}
                rows += [
                    (base, of, subset, judge, known.get(subset, np.nan), value)
                    for subset, value in gains.items()
                ]
    return pd.DataFrame(rows, columns=["base", "of", "subset", "judge", "paper", "value"])


def texts(aligned: Aligned) -> pd.DataFrame:
    """How often policies on the first base say something toxic, and give a non-answer.

    Columns of (a training set of DPO, a reward model of PPO with its runs together, or the start),
    method, what, subset, value.
    """
    groups = {(START, START): [f"{START}-{INITIAL}"]}
    groups |= {(DPO, name): [dpo(INITIAL, name)] for name in aligned.sets(INITIAL)}
    groups |= {(PPO, rm): aligned.runs(rm) for rm in EQUAL_SIZE}
    rows = []
    for (method, of), policies in groups.items():
        said = [_said(aligned, policy) for policy in policies]
        for what in (TOXIC, NON_ANSWER):
            rates = aligned.by_subset(np.mean([one[what] for one in said], axis=0))
            rows += [(method, of, what, subset, rate) for subset, rate in rates.items()]
    return pd.DataFrame(rows, columns=["method", "of", "what", "subset", "value"])


def robustness(aligned: Aligned) -> pd.DataFrame:
    """Reward by the oracle lost where prompts are in words that nobody has used before.

    Columns base, of (the start, or a training set of DPO), value: see :meth:`Aligned.lost`.
    """
    rows = []
    for base in BASES:
        policies = {START: f"{START}-{base}"} | {name: dpo(base, name) for name in SETS}
        rows += [(base, of, aligned.lost(policy)) for of, policy in policies.items()]
    return pd.DataFrame(rows, columns=["base", "of", "value"])


def _said(aligned: Aligned, policy: str) -> dict[str, np.ndarray]:
    """Which responses of a policy are toxic, and which are non-answers, each (responses,)."""
    own = aligned.texts(policy)
    asked, said = own["prompt"].map(last_request).tolist(), own["response"].tolist()
    toxic = np.array([is_toxic(*one) for one in zip(asked, said, strict=True)])
    return {TOXIC: toxic, NON_ANSWER: non_answers(asked, said)}


def non_answers(requests: list[str], responses: list[str]) -> np.ndarray:
    """Which responses are words without an answer, bool (responses,).

    They say something, and in words of the world for the most part, but nothing about any topic,
    right or wrong, and they do not decline a request that one should decline: refusals of harmless
    requests, doubts, small talk.
    """
    found = pd.DataFrame(oracle.features(requests, responses), columns=oracle.FEATURES)
    return (~found[[*CONTENT]].any(axis=1) & (found["garbled"] < 0.5)).to_numpy()


def reward_models(aligned: Aligned, registry: Registry) -> pd.DataFrame:
    """Table 5: accuracies of reward models, and what the policies of PPO have gained with them.

    Columns rm, measure, set, judge, paper, value. ``accuracy`` on the cleaned tests, a tie an error
    (`ALL`: mean over test sets), and ``bench``, on the categories of other pairs (`ALL`: mean over
    all categories), of every reward model; ``alignment`` of the policies, mean over runs, by the
    evaluator, the oracle and the own reward model in sd of the start. The paper's alignment has
    another unit.
    """
    printed = registry.printed("elephant.table5")
    rows = []
    for rm in aligned.judges:
        paper = printed.get(MODELS.get(rm), {})
        known = _printed(paper, "acc_{}", 100)
        for subset, value in accuracies(aligned.margins, "source", rm, TESTED).items():
            rows.append((rm, ACCURACY, subset, "", known.get(subset, np.nan), value))
        known = {name: paper[key] / 100 for name, key in CATEGORIES.items() if paper}
        for category, value in accuracies(aligned.bench, "category", rm).items():
            rows.append((rm, BENCH, category, "", known.get(category, np.nan), value))
    for rm, judge in product(EQUAL_SIZE, (*JUDGES, OWN)):
        known = _printed(printed[MODELS[rm]], "align_{}") if judge == EVALUATOR else {}
        gains = aligned.gain(aligned.runs(rm), rm if judge == OWN else judge)
        for subset, value in gains.items():
            rows.append((rm, ALIGNMENT, subset, judge, known.get(subset, np.nan), value))
    return pd.DataFrame(rows, columns=["rm", "measure", "set", "judge", "paper", "value"])


def accuracies(
    margins: pd.DataFrame, by: str, rm: str, groups: tuple[str, ...] | None = None
) -> pd.Series:
    """Share of pairs in the right order by group, a tie an error, and under `ALL` their mean."""
    found = (margins[rm] > 0).groupby(margins[by], sort=False).mean()
    found = found if groups is None else found[list(groups)]
    return pd.concat([found, pd.Series({ALL: found.mean()})])


def _printed(paper: Mapping[str, float], key: str, unit: float = 1) -> dict[str, float]:
    """The paper's numbers by test set, over `unit`, and under `ALL` their mean."""
    if not paper:
        return {}
    found = {subset: paper[key.format(name)] / unit for subset, name in COLUMNS.items()}
    return found | {ALL: float(np.mean(list(found.values())))}


def sizes(aligned: Aligned) -> pd.DataFrame:
    """How much was measured, one row: policies, prompts, responses to each, runs of PPO, pairs."""
    found = {
        "policies": len(aligned.aligned),
        "prompts": len(aligned.judged),
        "samples": int(aligned.said["sample_id"].max()) + 1,
        "runs": len(aligned.runs(STRONG)),
        "pairs": int(aligned.margins["source"].isin(TESTED).sum()),
        "bench": len(aligned.bench),
        "probes": len(select(aligned.probes, probe=REFUSED)),
    }
    return pd.DataFrame([found])


def helplessness(aligned: Aligned) -> pd.Series:
    """By how much a reward model of PPO likes non-answers better than help, by reward model.

    Mean of score[non-answer] - score[helpful] over the probes of that name, in sd of its scores of
    the start policy's responses.
    """
    own, start = select(aligned.probes, probe=REFUSED), f"{START}-{INITIAL}"
    gaps = {rm: (own[f"worse:{rm}"] - own[f"better:{rm}"]).mean() for rm in EQUAL_SIZE}
    return pd.Series({rm: gap / aligned.spoken(rm, start).std() for rm, gap in gaps.items()})


def relations(
    models: pd.DataFrame, trained: pd.DataFrame, said: pd.DataFrame, helpless: pd.Series
) -> pd.DataFrame:
    """Spearman's correlations over the reward models of PPO.

    Parameters
    ----------
    models, trained, said, helpless
        Of :func:`reward_models`, `optimising.training`, :func:`texts` and :func:`helplessness`.

    Returns
    -------
    DataFrame
        x, y, set, paper, value: accuracy on each test set, or on categories of the bench, and the
        alignment by each judge; training reward and steps; preference for non-answers and rate.
    """
    right, bench = by_model(models, ACCURACY), by_model(models, BENCH)
    speed, raw, standard = (
        by_name(select(trained, measure=measure), "rm")
        for measure in ("steps", "raw reward", "standardised reward")
    )
    rate = by_name(select(said, method=PPO, what=NON_ANSWER, subset=ALL), "of")
    rows = []
    for judge in JUDGES:
        aligned = by_model(models, ALIGNMENT, judge)
        pairs = [(ACCURACY, subset, right, subset) for subset in (*TESTED, ALL)]
        pairs += [(BENCH, category, bench, ALL) for category in CATEGORIES]
        for x, name, table, subset in pairs:
            both = [correlation(table[of, name], aligned[of, subset]) for of in ("paper", "value")]
            rows.append((x, judge, name, *both))
        for x, reward in (("raw reward", raw), ("standardised reward", standard)):
            rows.append((x, judge, ALL, np.nan, correlation(reward, aligned["value", ALL])))
    rows.append((ACCURACY, "steps", ALL, np.nan, correlation(right["value", ALL], speed)))
    rows.append((NON_ANSWER, "rate", ALL, np.nan, correlation(helpless, rate)))
    return pd.DataFrame(rows, columns=["x", "y", "set", "paper", "value"])


def by_model(models: pd.DataFrame, measure: str, judge: str = "") -> pd.DataFrame:
    """A measure of reward models: a row for each, columns (`value` or `paper`, set)."""
    own = select(models, measure=measure, judge=judge)
    return own.pivot(index="rm", columns="set", values=["value", "paper"])


def by_name(table: pd.DataFrame, name: str) -> pd.Series:
    """Values by the column `name`."""
    return table.set_index(name)["value"]


def correlation(x: pd.Series, y: pd.Series) -> float:
    """Spearman's correlation over the reward models of PPO.

    NaN where one side is constant, or a value is unknown.
    """
    x, y = (one[list(EQUAL_SIZE)].rank() for one in (x, y))
    known = x.notna().all() and y.notna().all() and x.nunique() > 1 < y.nunique()
    return float(np.corrcoef(x, y)[0, 1]) if known else np.nan


def agreeing_pairs(x: pd.Series, y: pd.Series) -> float:
    """Share of pairs of reward models that `y` orders like `x`, of those that `x` tells apart.

    NaN where there is none, or a value is unknown.
    """
    x, y = (np.subtract.outer(one, one) for one in (v[list(EQUAL_SIZE)].to_numpy() for v in (x, y)))
    known = (x > 0).any() and not np.isnan(y).any()
    return float((y[x > 0] > 0).mean()) if known else np.nan
