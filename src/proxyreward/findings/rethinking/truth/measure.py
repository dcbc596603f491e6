"""What policies are worth to the oracle, beside what reward models say of them as golden models.

In: the pool of the initial policy and all PPO runs, judged by reward models of the proxies' own
family, by reward models that were trained apart, on other pairs and in another shape, and by the
world's oracle. Out: the tables `worth`, `errors` and `texts` of ``results/<scale>/evidence/``, and
from them what the page shows. Called by the stages `evidence` and `truth`.

Rewards are in standard deviations of the initial policy, to each judge its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.regret import Optimised, Pool, agreement
from proxyreward.metrics.best_of_n import best_of_n_curves, kl_bound
from proxyreward.metrics.prediction import CORRELATIONS
from proxyreward.vocabulary import ACROSS, ALL, APART, BEST_OF_N, MAIN, ORACLE, PPO, START

NAMES = ["optimiser", "setting", "proxy"]
POLICY = ["optimiser", "n", "setting", "kl_coef", "number", "proxy"]
OWN, GOLDEN = "own", "golden"
"""Who judges a policy beside the oracle and those trained apart, of which the mean counts: the
model it was optimised on, and the mean of the others of its family."""
TOLD = ["kl_nats", OWN, GOLDEN, APART, ORACLE]
WORTH = [*POLICY, "step", *TOLD]
SIGNS = NDR, SCORES, EXCESS, ERRORS = "ndr", "scores", "excess", "errors"
"""What may tell how much regret a golden model hides; the last takes an oracle."""
EACH = "each"
"""A golden model at a time."""
SHOWN = 10  # prompts of the table of texts


def worth(
    pool: Pool, ns: Sequence[int], runs: Sequence[Optimised], apart: int, told: Mapping[str, float]
) -> pd.DataFrame:
    """Value of every policy to its own judge, to the other reward models and to the oracle.

    Parameters
    ----------
    pool
        Of the initial policy: reward models, behind them those trained apart, the oracle last.
    ns
        Of best-of-n.
    runs
        Of PPO, on reward models and on the oracle; those on one category are left out.
    apart
        How many reward models were trained apart.
    told
        What they say of the end of each of these runs, by its name.

    Returns
    -------
    DataFrame
        The columns of `WORTH`. `proxy` is the judge that the policy was optimised on, the oracle
        itself among them; `setting` and `number` are those of a PPO run, `main` and 1 for
        best-of-n; `step` is 0 for best-of-n, whose `kl_nats` is a bound. Models trained apart are
        judges alone, of PPO at the end.
    """
    rewards, rows = best_of_n_curves(pool.scores, ns), []
    first, last = len(pool.names) - 1 - apart, len(pool.names) - 1
    kept = [*range(first), last]
    names = [pool.names[i] for i in kept]
    for k, (n, bits) in enumerate(zip(ns, kl_bound(ns), strict=True)):
        for i, name in zip(kept, names, strict=True):
            key = (BEST_OF_N, n, MAIN, 0.0, 1, name, 0, bits * np.log(2))
            beside = rewards[first:last, i, k].mean()
            rows.append((*key, *_told(rewards[kept, i, k], names, name, beside)))
    for run in runs:
        if run.category is None:
            points = zip(run.steps, run.kl_nats, run.values.mean(axis=2), strict=True)
            for step, kl, values in points:
                key = (PPO, 0, run.setting, run.kl_coef, run.number, run.rm, step, kl)
                beside = told[run.name] if step == run.steps[-1] else np.nan
                rows.append((*key, *_told(values, list(run.judges), run.rm, beside)))
    return pd.DataFrame(rows, columns=WORTH)


def _told(values: np.ndarray, judges: list[str], own: str, apart: float) -> tuple[float, ...]:
    """A policy's value to its own judge, to the mean of other reward models, to those trained
    apart and to the oracle."""
    others = [i for i, judge in enumerate(judges) if judge not in (own, ORACLE)]
    return values[judges.index(own)], values[others].mean(), apart, values[judges.index(ORACLE)]


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
        optimiser, n, kl_coef, judge, value: `judge` is own, golden, apart or oracle, or `kl_nats`.
    """
    return _means(ends(table), "optimiser", "n", "kl_coef")


def along(table: pd.DataFrame) -> pd.DataFrame:
    """The same of PPO on its way, where it was evaluated there: kl_coef, step, judge, value.

    Models trained apart judge the end alone and are left out.
    """
    rows = table[(table["optimiser"] == PPO)]
    rows = rows[rows.groupby(POLICY)["step"].transform("nunique") > 1]
    found = _means(rows, "kl_coef", "step")
    return found[found["judge"] != APART]


def _means(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    means = table[table["proxy"] != ORACLE].groupby([*by], sort=True)[TOLD].mean()
    # Without the last digits: the initial policy's 0 is a 0, not noise.
    return (means.round(12) + 0.0).reset_index().melt([*by], var_name="judge")


def kept(evidence: Evidence, table: pd.DataFrame) -> pd.DataFrame:
    """NDR of the main policies: with each other reward model as golden, with each that was trained
    apart (of best-of-n alone, as no PPO run is on one of these), and with the oracle.

    That to the oracle is its reward for the policy of a reward model over its reward for the
    policy that was optimised on the oracle itself; of PPO both are means over runs.

    Returns
    -------
    DataFrame
        optimiser, judge, proxy, value: `judge` is golden or apart (means over the models) or
        oracle.
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
    beside = across(evidence).loc[evidence.names(APART), names].mean()
    key = {"optimiser": BEST_OF_N, "judge": APART, "proxy": names}
    found.append(pd.DataFrame(key | {"value": beside.to_numpy()}))
    return pd.concat(found, ignore_index=True)


def across(evidence: Evidence) -> pd.DataFrame:
    """NDR of best-of-n at the largest n, a row per golden judge and a column per proxy, whichever
    family they belong to; the oracle is a judge among them."""
    rows = evidence.policies(BEST_OF_N, family=ACROSS)
    return rows.pivot(index="golden", columns="proxy", values="ndr")


def hidden(ndrs: pd.DataFrame) -> dict[str, float]:
    """By optimiser, the mean NDR to golden models less that to the oracle: regret that reward
    models as golden models do not see."""
    means = ndrs.groupby(["optimiser", "judge"])["value"].mean().unstack()
    who = {GOLDEN: "golden models", APART: "golden models trained apart"}
    return {
        f"{name}: mean NDR by {who[judge]} minus by the oracle": row[judge] - row[ORACLE]
        for name, row in means.iterrows()
        for judge in who
        if np.isfinite(row[judge])
    }


def judged(evidence: Evidence, errors: pd.DataFrame) -> pd.DataFrame:
    """Regret that each golden model hides of each main policy of best-of-n, and signs of it.

    Parameters
    ----------
    errors
        The table of that name.

    Returns
    -------
    DataFrame
        golden, proxy, family (the golden model's: main or apart), hidden, and the `SIGNS`:
        `hidden` is the NDR by the golden model, `ndr`, minus that by the oracle; `scores` the
        correlation of the two models' scores of a prompt's responses; `excess` how far it exceeds
        the mean correlation of the proxy with the models trained apart; `errors` the correlation
        of errors.
    """
    ndr, (main, apart) = across(evidence), map(evidence.names, (MAIN, APART))
    both = [errors, errors.rename(columns={"first": "second", "second": "first"})]
    alike = pd.concat(both).set_index(["first", "second"])
    rows = []
    for family, goldens in ((MAIN, main), (APART, apart)):
        for golden in goldens:
            for proxy in main:
                if golden != proxy:
                    kept = ndr.loc[golden, proxy]
                    found = alike.loc[(golden, proxy)]
                    beside = [alike.loc[(k, proxy), SCORES] for k in apart if k != golden]
                    excess = found[SCORES] - np.mean(beside)
                    signs = (kept, found[SCORES], excess, found[ERRORS])
                    rows.append((golden, proxy, family, kept - ndr.loc[ORACLE, proxy], *signs))
    return pd.DataFrame(rows, columns=["golden", "proxy", "family", "hidden", *SIGNS])


def predicted(evidence: Evidence, ndrs: pd.DataFrame) -> pd.DataFrame:
    """Correlation over reward models of accuracy by the oracle's labels with NDR to the oracle.

    Returns
    -------
    DataFrame
        test_set, optimiser, statistic, value: `test_set` is `pairs`, those of mixed writers, or
        `own`, the policy's own samples.
    """
    pairs = evidence.pairs()  # the oracle has labelled them: side 0 is the better response
    own = select(evidence.own, golden=ORACLE).set_index("proxy")["accuracy"]
    accuracies = {
        "pairs": (pairs[:, :, 0] > pairs[:, :, 1]).mean(axis=1),
        OWN: own.loc[evidence.names()].to_numpy(),
    }
    rows = []
    for optimiser, table in ndrs[ndrs["judge"] == ORACLE].groupby("optimiser"):
        ndr = table.set_index("proxy").loc[evidence.names(), "value"].to_numpy()
        for tested, accuracy in accuracies.items():
            key = (tested, optimiser)
            rows += [(*key, name, float(f(accuracy, ndr))) for name, f in CORRELATIONS.items()]
    return pd.DataFrame(rows, columns=["test_set", "optimiser", "statistic", "value"])


def foretold(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman of each sign with the hidden regret, over rows of :func:`judged`.

    Returns
    -------
    DataFrame
        goldens, sign, value: `goldens` is `all`, their family (`main` or `apart`), or `each` for
        the mean over golden models of the coefficient over the proxies of one.
    """

    def related(rows: pd.DataFrame) -> pd.Series:
        return pd.Series({s: CORRELATIONS["spearman"](rows[s], rows["hidden"]) for s in SIGNS})

    groups = {ALL: table, **dict(tuple(table.groupby("family", sort=False)))}
    found = {goldens: related(rows) for goldens, rows in groups.items()}
    found[EACH] = pd.DataFrame([related(rows) for _, rows in table.groupby("golden")]).mean()
    wide = pd.DataFrame(found).T.rename_axis("goldens").reset_index()
    return wide.melt("goldens", var_name="sign").astype({"value": float})


def shared(table: pd.DataFrame, names: Sequence[str], apart: Sequence[str]) -> pd.DataFrame:
    """Means of the table `errors` over pairs of reward models.

    Returns
    -------
    DataFrame
        models, measure (scores or errors), value: `models` is `all` of the main family, its
        `cleaner half`, or `two families`, one of the main family and one trained apart; the
        `cleaner halves` of both.
    """

    def between(ones: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
        there = table["first"].isin(ones) & table["second"].isin(others)
        back = table["first"].isin(others) & table["second"].isin(ones)
        return table[there | back]

    half, other = (models[: (len(models) + 1) // 2] for models in (names, apart))
    parts = {
        "all": between(names, names),
        "cleaner half": between(half, half),
        "two families": between(names, apart),
        "two families, cleaner halves": between(half, other),
    }
    means = pd.DataFrame({name: part[[SCORES, ERRORS]].mean() for name, part in parts.items()})
    return means.T.rename_axis("models").reset_index().melt("models", var_name="measure")


def controls(worth: pd.DataFrame, repeats: pd.DataFrame, clean: str) -> dict[str, float]:
    """What the oracle says of PPO, and how far two policies that are means of several runs agree.

    In sd of the initial policy: the gain in the main setting, on all reward models (mean) and on
    the one on `clean` labels, and the gain without a penalty.
    """
    rows = ends(worth).query("optimiser == @PPO and proxy != @ORACLE")
    main = rows["setting"] == MAIN
    of = {
        "main ppo": main,
        "main ppo on clean labels": main & (rows["proxy"] == clean),
        "ppo at beta 0": rows["kl_coef"] == 0,
    }
    found = {f"oracle gain of {name}": rows.loc[own, ORACLE].mean() for name, own in of.items()}
    return found | {"agreement of averaged ppo runs": agreement(repeats)["value"].iloc[-1]}
