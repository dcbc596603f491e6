"""What optimised policies are worth: golden rewards, NDR and curves of best-of-n and PPO.

In: scores of pools of samples, and evaluations of PPO policies. Out: the tables `regret`, `curves`,
`runs` and `repeats` of `evidence`. Called by the `evidence` stage.

Rewards are standardised: mean 0 and sd 1 over all samples of the initial policy, for each golden
RM. NDR and rank statistics do not depend on it, but rewards become comparable.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import CURVES, REGRET, REPEATS, RUNS
from proxyreward.metrics.best_of_n import best_of_n_curves, kl_bound
from proxyreward.metrics.checks import count
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.prediction import CORRELATIONS
from proxyreward.metrics.regret import golden_gain, ndr_matrix
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN, ORACLE, PENALTY, PPO


def n_grid(samples: int) -> list[int]:
    """Powers of two below `samples`, and `samples` itself; ValueError if that is no count.

    >>> n_grid(20)
    [1, 2, 4, 8, 16, 20]
    """
    count("samples", samples)
    powers = [2**k for k in range(samples.bit_length()) if 2**k < samples]
    return [*powers, samples]


def standardised(pool: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Scores `(rms, prompts, samples)` with mean 0 and sd 1 for each RM, in double precision.

    Raises
    ------
    ValueError
        If an RM gives every sample one score, or one that is not finite; names it.
    """
    mean = pool.mean(axis=(1, 2), dtype=float)
    sd = np.array([plane.std(dtype=float) for plane in pool])
    for name, plane, spread in zip(names, pool, sd, strict=True):
        if not np.isfinite(spread):
            raise ValueError(
                f"{name} gives a score that is not finite or too large; train it again"
            )
        # Equality decides: the sd of equal scores can be rounding noise.
        if (plane == plane.flat[0]).all():
            raise ValueError(f"{name} gives every sample of the pool one score; train it again")
    return (pool - mean[:, None, None]) / sd[:, None, None]


@dataclass(frozen=True)
class Pool:
    """Standardised scores of one pool by one family, `(rms, prompts, samples)`."""

    scores: np.ndarray
    names: Sequence[str]
    family: str = MAIN
    policy: str = INITIAL

    def regret(self, ns: Sequence[int], prompts: np.ndarray | None = None, category: str = ALL):
        """Rows of `regret` for best-of-n, on all prompts or those of a category (a mask)."""
        scores = self.scores if prompts is None else self.scores[:, prompts]
        rewards, initial = best_of_n_curves(scores, ns), scores.mean(axis=(1, 2))
        return pd.concat(
            [
                _regret(
                    rewards[:, :, k], initial, self.names, family=self.family, policy=self.policy,
                    optimiser=BEST_OF_N, n=n, setting=MAIN, kl_coef=0.0, training=JOINT,
                    category=category,
                )
                for k, n in enumerate(ns)
            ]
        )[REGRET]  # fmt: skip

    def curves(self, ns: Sequence[int]) -> pd.DataFrame:
        """Rows of `curves` for best-of-n; the KL divergence is its bound."""
        rewards = best_of_n_curves(self.scores, ns)
        return pd.concat(
            [
                _curve(rewards[:, :, k], self.names, BEST_OF_N, n, np.full(len(self.names), kl))
                for k, (n, kl) in enumerate(zip(ns, kl_bound(ns), strict=True))
            ]
        )


@dataclass(frozen=True)
class Optimised:
    """A PPO run that has ended.

    `steps` and `kl_nats` have shape (points,), `values` (points, judges, prompts): standardised
    rewards to the RMs named in `judges` at each step at which an evaluation was planned. From
    `end` on, the step at which it ended, the policy stays as it is. `entropy` is that at the end.
    `category` is None for a run on all prompts; otherwise `values` covers the prompts of that
    category.
    """

    name: str
    rm: str
    judges: Sequence[str]
    setting: str
    number: int
    kl_coef: float
    category: str | None
    status: str
    message: str
    end: int
    steps: np.ndarray
    kl_nats: np.ndarray
    entropy: float
    values: np.ndarray


def by_models(runs: Sequence[Optimised]) -> list[Optimised]:
    """The runs on reward models, as reward models judge them: all without the oracle."""
    found = []
    for run in runs:
        if run.rm != ORACLE:
            kept = [i for i, judge in enumerate(run.judges) if judge != ORACLE]
            judges = [run.judges[i] for i in kept]
            found.append(replace(run, judges=judges, values=run.values[:, kept]))
    return found


def ppo_regret(
    runs: Sequence[Optimised], initial: np.ndarray, categories: np.ndarray, names: Sequence[str]
) -> pd.DataFrame:
    """Rows of `regret` for PPO: by setting, KL coefficient, training and category of prompts.

    In the main setting a policy's rewards are means over the runs on its reward model, and NDR is
    that of these means; at each KL coefficient there is one run, see :func:`_alike`.

    Parameters
    ----------
    initial : ndarray, shape (rms, prompts)
        Standardised reward of the initial policy on each downstream prompt.
    categories : ndarray of str, shape (prompts,)
    """
    tables = []
    for setting, training, chosen in _alike(runs):
        last, own = _ends(chosen, names)
        covered = np.ones(len(categories), bool) if training == JOINT else categories == training
        whole = [ALL, *sorted(set(categories))] if training == JOINT else [training]
        for category in whole:
            inside = np.ones(len(categories), bool) if category == ALL else categories == category
            tables.append(
                _regret(
                    last[:, :, inside[covered]].mean(axis=2),
                    initial[own][:, inside].mean(axis=1),
                    [names[i] for i in own],
                    family=MAIN, policy=INITIAL, optimiser=PPO, n=0, setting=setting,
                    kl_coef=chosen[0].kl_coef, training=training, category=category,
                )
            )  # fmt: skip
    return pd.concat(tables)[REGRET]


def ppo_repeats(
    runs: Sequence[Optimised], initial: np.ndarray, names: Sequence[str]
) -> pd.DataFrame:
    """The table `repeats`: what :func:`ppo_regret` says of each main run alone, on all prompts."""
    runs = _main(runs)
    tables = []
    for number in sorted({run.number for run in runs}):
        last, own = _ends([run for run in runs if run.number == number], names)
        start, of = initial[own].mean(axis=1), [names[i] for i in own]
        rows = _regret(last.mean(axis=2), start, of).assign(number=number)
        tables.append(rows[REPEATS])
    return pd.concat(tables)


def ppo_curves(runs: Sequence[Optimised]) -> pd.DataFrame:
    """Rows of `curves` for the first main run on each RM, a point an evaluation.

    They start from the initial policy, whose standardised reward is 0 by definition.
    """
    tables = []
    for run in sorted(_main(runs), key=lambda run: run.rm):
        if run.number != 1:
            continue
        own, worth = run.judges.index(run.rm), run.values.mean(axis=2)
        worth = np.vstack([np.zeros(worth.shape[1]), worth])
        for step, kl, rewards in zip([0, *run.steps], [0, *run.kl_nats], worth, strict=True):
            key = {"optimiser": PPO, "golden": run.judges, "proxy": run.rm, "step": step}
            key |= {"kl_bits": kl / np.log(2), "golden_reward": rewards}
            tables.append(pd.DataFrame(key).assign(proxy_reward=rewards[own])[CURVES])
    return pd.concat(tables).sort_values(["golden", "proxy"], kind="stable")


def ppo_runs(runs: Sequence[Optimised]) -> pd.DataFrame:
    """The table `runs`: how every PPO run ended."""
    rows = []
    for run in runs:
        gain = run.values[-1][run.judges.index(run.rm)].mean()
        key = (run.name, run.rm, run.setting, run.number, run.kl_coef, run.category or JOINT)
        end = (run.end, gain, run.kl_nats[-1], run.entropy)
        rows.append((*key, run.status, run.message, *end))
    return pd.DataFrame(rows, columns=RUNS)


def _main(runs: Sequence[Optimised]) -> list[Optimised]:
    """The runs of the main setting on all prompts."""
    return [run for run in runs if run.setting == MAIN and run.category is None]


def _alike(runs: Sequence[Optimised]) -> Iterator[tuple[str, str, list[Optimised]]]:
    """Setting, training and runs of policies that are compared with each other.

    The main runs on all prompts; at each KL coefficient one run, which is the first main run at
    theirs, so that coefficients compare like with like; the runs on each category.
    """
    yield MAIN, JOINT, _main(runs)
    first = [run for run in runs if run.category is None and run.number == 1]
    for kl_coef in sorted({run.kl_coef for run in first}):
        yield PENALTY, JOINT, [run for run in first if run.kl_coef == kl_coef]
    for category in sorted({run.category for run in runs if run.category}):
        yield MAIN, category, [run for run in runs if run.category == category]


def _ends(runs: Sequence[Optimised], names: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """Rewards at the end, means over the runs on an RM, shape (rms, rms, prompts).

    The judges come first; the second value says which of `names` these RMs are.
    """
    own = [i for i, name in enumerate(names) if any(run.rm == name for run in runs)]
    judges = [runs[0].judges.index(names[i]) for i in own]
    of = [[run.values[-1][judges] for run in runs if run.rm == names[i]] for i in own]
    return np.stack([np.mean(same, axis=0) for same in of], axis=1), own


def agreement(repeats: pd.DataFrame) -> pd.DataFrame:
    r"""Spearman between the NDRs of two PPO runs on each reward model, over golden-proxy pairs.

    With seeds of their own, two runs differ by chance alone. What two means of k runs would have in
    common follows by the formula of Spearman and Brown from r, the mean over pairs of runs:

    .. math:: r_k = \frac{k r}{1 + (k - 1) r}

    Parameters
    ----------
    repeats
        The table of that name of the evidence.

    Returns
    -------
    DataFrame
        averaged, value: of one run, and of means over as many as there are, which the finding
        uses; NaN where there is only one.
    """
    others = repeats[repeats["golden"] != repeats["proxy"]]
    ndr = others.pivot(index=["golden", "proxy"], columns="number", values="ndr")
    spearman = CORRELATIONS["spearman"]
    pairs = [spearman(ndr[one], ndr[two]) for one, two in combinations(ndr, 2)]
    single = mean_known(np.array(pairs, dtype=float))
    rows = [(k, k * single / (1 + (k - 1) * single)) for k in sorted({1, ndr.shape[1]})]
    return pd.DataFrame(rows, columns=["averaged", "value"])


def _regret(
    rewards: np.ndarray, initial: np.ndarray, names: Sequence[str], **key: object
) -> pd.DataFrame:
    """Rewards `(goldens, proxies)` of policies and of the initial policy `(goldens,)` as rows."""
    ndr, gain = ndr_matrix(rewards, initial), golden_gain(rewards, initial)
    golden, proxy = np.indices(rewards.shape)
    columns = {
        **key,
        "golden": np.asarray(names)[golden.ravel()],
        "proxy": np.asarray(names)[proxy.ravel()],
        "golden_reward": _clean(rewards),
        "ndr": ndr.ravel(),
        "golden_gain": np.repeat(gain, len(names)),
    }
    return pd.DataFrame(columns)


def _curve(
    rewards: np.ndarray, names: Sequence[str], optimiser: str, step: int, kl: np.ndarray
) -> pd.DataFrame:
    """One point of every curve; `kl` has one value a proxy."""
    golden, proxy = (index.ravel() for index in np.indices(rewards.shape))
    columns = {
        "optimiser": optimiser,
        "golden": np.asarray(names)[golden],
        "proxy": np.asarray(names)[proxy],
        "step": step,
        "kl_bits": kl[proxy],
        "golden_reward": _clean(rewards),
        "proxy_reward": _clean(np.diagonal(rewards)[proxy]),
    }
    return pd.DataFrame(columns)[CURVES]


def _clean(rewards: np.ndarray) -> np.ndarray:
    """Flat, without the last digits: the initial policy's 0 is a 0 in the table, not noise."""
    return rewards.ravel().round(12) + 0.0
