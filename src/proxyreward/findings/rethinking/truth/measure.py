"""What policies are worth to the oracle, beside what reward models say of them as golden models.

In: the pool of the initial policy and all PPO runs, judged by reward models and by the world's
oracle. Out: the tables `worth`, `errors` and `texts` of ``results/<scale>/evidence/``, and from
them what the page shows. Called by the stages `evidence` and `truth`.

Rewards are in standard deviations of the initial policy, to each judge its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.regret import Optimised, Pool
from proxyreward.metrics.best_of_n import best_of_n_curves, kl_bound
from proxyreward.metrics.prediction import CORRELATIONS
from proxyreward.vocabulary import BEST_OF_N, MAIN, ORACLE, PPO, START

NAMES = ["optimiser", "setting", "proxy"]
POLICY = ["optimiser", "n", "setting", "kl_coef", "number", "proxy"]
JUDGES = OWN, GOLDEN = "own", "golden"
"""Who judges a policy beside the oracle: the model it was optimised on, and the mean of others."""
TOLD = ["kl_nats", OWN, GOLDEN, ORACLE]
WORTH = [*POLICY, "step", *TOLD]
SHOWN = 10  # prompts of the table of texts


def worth(pool: Pool, ns: Sequence[int], runs: Sequence[Optimised]) -> pd.DataFrame:
    """Value of every policy to its own judge, to the other reward models and to the oracle.

    Parameters
    ----------
    pool
        Of the initial policy, the oracle behind the reward models.
    ns
        Of best-of-n.
    runs
        Of PPO, on reward models and on the oracle; those on one category are left out.

    Returns
    -------
    DataFrame
        The columns of `WORTH`. `proxy` is the judge that the policy was optimised on, the oracle
        itself among them; `setting` and `number` are those of a PPO run, `main` and 1 for
        best-of-n; `step` is 0 for best-of-n, whose `kl_nats` is a bound.
    """
    names, rows = list(pool.names), []
    rewards = best_of_n_curves(pool.scores, ns)
    for k, (n, bits) in enumerate(zip(ns, kl_bound(ns), strict=True)):
        for i, name in enumerate(names):
            key = (BEST_OF_N, n, MAIN, 0.0, 1, name, 0, bits * np.log(2))
            rows.append((*key, *_told(rewards[:, i, k], names, name)))
    for run in runs:
        if run.category is None:
            points = zip(run.steps, run.kl_nats, run.values.mean(axis=2), strict=True)
            for step, kl, values in points:
                key = (PPO, 0, run.setting, run.kl_coef, run.number, run.rm, step, kl)
                rows.append((*key, *_told(values, list(run.judges), run.rm)))
    return pd.DataFrame(rows, columns=WORTH)


def _told(values: np.ndarray, judges: list[str], own: str) -> tuple[float, float, float]:
    """A policy's value to its own judge, to the mean of other reward models and to the oracle."""
    others = [i for i, judge in enumerate(judges) if judge not in (own, ORACLE)]
    return values[judges.index(own)], values[others].mean(), values[judges.index(ORACLE)]


def errors(pool: Pool) -> pd.DataFrame:
    """How far two reward models agree on a prompt's responses, and how far in their errors.

    Columns ``first, second, scores, errors``: the correlation of scores less their prompt's mean,
    and the partial one given the oracle: that of what is left of both when the oracle's utility,
    less its prompt's mean, is taken out by least squares.
    """
    inside = pool.scores - pool.scores.mean(axis=2, keepdims=True)
    inside = inside.reshape(len(inside), -1)
    plain = np.corrcoef(inside)
    true = list(pool.names).index(ORACLE)
    models = [i for i in range(len(inside)) if i != true]
    with_truth = plain[models, true]
    partial = plain[np.ix_(models, models)] - np.outer(with_truth, with_truth)
    partial /= np.sqrt(np.outer(1 - with_truth**2, 1 - with_truth**2))
    rows = [
        (pool.names[models[a]], pool.names[models[b]], plain[models[a], models[b]], partial[a, b])
        for a in range(len(models))
        for b in range(a)
    ]
    return pd.DataFrame(rows, columns=["second", "first", "scores", "errors"])


def examples(
    requests: Sequence[str],
    said: np.ndarray,
    scores: np.ndarray,
    texts: Mapping[tuple[str, float], Sequence[str]],
) -> pd.DataFrame:
    """Responses to some prompts before and after optimisation on the first reward model.

    Parameters
    ----------
    requests
        The prompts, their categories in turn; the first ten are shown.
    said, scores
        Responses of the pool, and what that reward model says of them, shape (prompts, samples).
    texts
        A response to each prompt by setting and KL coefficient of PPO.

    Returns
    -------
    DataFrame
        Columns ``prompt, optimiser, kl_coef, response``; the optimiser `start` stands for the
        initial policy's first response. Best-of-n takes the best of all samples; PPO stands there
        in the main setting and with the smallest of the other coefficients.
    """
    rows, other = [], sorted(key for key in texts if key[0] != MAIN)
    shown = [*(key for key in texts if key[0] == MAIN), *other[:1]]
    for i, request in enumerate(requests[:SHOWN]):
        rows.append((request, START, 0.0, said[i, 0]))
        rows.append((request, BEST_OF_N, 0.0, said[i, scores[i].argmax()]))
        rows += [(request, PPO, key[1], texts[key][i]) for key in shown]
    return pd.DataFrame(rows, columns=["prompt", "optimiser", "kl_coef", "response"])


# --- From these tables to what the page shows ----------------------------------------------------


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of `worth` at the end of their run: of best-of-n all n, of PPO the last step."""
    last = table.groupby(POLICY)["step"].transform("max")
    return table[table["step"] == last].reset_index(drop=True)


def reached(table: pd.DataFrame) -> pd.DataFrame:
    """Value of the optimised policies by n or KL coefficient: mean over reward models as proxies.

    All reward models judge at every coefficient; at the main one they have several runs.

    Returns
    -------
    DataFrame
        optimiser, n, kl_coef, judge, value: `judge` is own, golden or oracle, or `kl_nats`.
    """
    return _means(ends(table), "optimiser", "n", "kl_coef")


def along(table: pd.DataFrame) -> pd.DataFrame:
    """The same of PPO on its way, where it was evaluated there: kl_coef, step, judge, value."""
    rows = table[(table["optimiser"] == PPO)]
    rows = rows[rows.groupby(POLICY)["step"].transform("nunique") > 1]
    return _means(rows, "kl_coef", "step")


def _means(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    means = table[table["proxy"] != ORACLE].groupby([*by], sort=True)[TOLD].mean()
    # Without the last digits: the initial policy's 0 is a 0, not noise.
    return (means.round(12) + 0.0).reset_index().melt([*by], var_name="judge")


def kept(evidence: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """NDR of the main policies: with each other reward model as golden, and with the oracle.

    That to the oracle is its reward for the policy of a reward model over its reward for the
    policy that was optimised on the oracle itself; of PPO both are means over runs.

    Returns
    -------
    DataFrame
        optimiser, judge, proxy, value: `judge` is golden (mean over the other models) or oracle.
    """
    found = []
    last = ends(table).query("setting == @MAIN")
    for optimiser in (BEST_OF_N, PPO):
        rows = last[last["optimiser"] == optimiser]
        rows = rows[rows["n"] == rows["n"].max()].groupby("proxy")[ORACLE].mean()
        ndr, names = evidence.ndr(optimiser), evidence.names()
        ndr = np.where(np.eye(len(ndr), dtype=bool), np.nan, ndr)
        true = rows[names] / rows[ORACLE]
        for judge, values in ((GOLDEN, np.nanmean(ndr, axis=0)), (ORACLE, true.to_numpy())):
            key = {"optimiser": optimiser, "judge": judge, "proxy": names}
            found.append(pd.DataFrame(key | {"value": values}))
    return pd.concat(found, ignore_index=True)


def hidden(ndrs: pd.DataFrame) -> dict[str, float]:
    """By optimiser, the mean NDR to golden models less that to the oracle: regret that reward
    models as golden models do not see."""
    means = ndrs.groupby(["optimiser", "judge"])["value"].mean().unstack()
    return {
        f"{name}: mean NDR by golden models minus by the oracle": row[GOLDEN] - row[ORACLE]
        for name, row in means.iterrows()
    }


def predicted(evidence: Evidence, ndrs: pd.DataFrame) -> pd.DataFrame:
    """Correlation over reward models of accuracy by the oracle's labels with NDR to the oracle.

    Returns
    -------
    DataFrame
        optimiser, statistic, value.
    """
    pairs = evidence.pairs()  # the oracle has labelled them: side 0 is the better response
    accuracy = (pairs[:, :, 0] > pairs[:, :, 1]).mean(axis=1)
    rows = []
    for optimiser, table in ndrs[ndrs["judge"] == ORACLE].groupby("optimiser"):
        ndr = table.set_index("proxy").loc[evidence.names(), "value"].to_numpy()
        rows += [(optimiser, name, float(f(accuracy, ndr))) for name, f in CORRELATIONS.items()]
    return pd.DataFrame(rows, columns=["optimiser", "statistic", "value"])


def shared(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Means of the table `errors` over pairs of all reward models and of the cleaner half.

    Returns
    -------
    DataFrame
        models (`all` or `cleaner half`), measure (scores or errors), value.
    """
    half = names[: len(names) // 2]
    inside = table["first"].isin(half) & table["second"].isin(half)
    parts = {"all": table, "cleaner half": table[inside]}
    means = pd.DataFrame({name: part[["scores", "errors"]].mean() for name, part in parts.items()})
    return means.T.rename_axis("models").reset_index().melt("models", var_name="measure")
