"""Tables of Finding 1: accuracy, best-of-n NDR and their association.

In: `pool (rms, prompts, samples)`, `bench (rms, pairs, 2)` and the list of RMs. Out: data frames
small enough for Git. Called by the `finding1` stage; the notebook reads the written tables.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.registry import Registry, load_registry
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.best_of_n import best_of_n_curves, kl_bound
from proxyreward.metrics.prediction import associate, mrr_chance
from proxyreward.metrics.regret import golden_gain, ndr_matrix


def n_grid(samples: int) -> list[int]:
    """Powers of two below `samples`, and `samples` itself.

    >>> n_grid(20)
    [1, 2, 4, 8, 16, 20]
    """
    powers = [2**k for k in range(samples.bit_length()) if 2**k < samples]
    return [*powers, samples]


def compute(
    pool: np.ndarray,
    bench: np.ndarray,
    rms: pd.DataFrame,
    *,
    resamples: int,
    rng: np.random.Generator,
    ns: Sequence[int] | None = None,
) -> dict[str, pd.DataFrame]:
    """All tables of the finding's best-of-n half.

    Golden rewards are standardised: mean 0 and sd 1 over all samples of the initial policy, per
    golden RM. NDR and rank statistics do not depend on it, but rewards become comparable.

    Parameters
    ----------
    pool : ndarray, shape (rms, prompts, samples)
        Scores of the initial policy's samples.
    bench : ndarray, shape (rms, pairs, 2)
        Scores of the accuracy test set.
    rms : DataFrame with columns rm, flip_rate
        Row i belongs to axis 0 of both arrays.
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    ns : sequence of int, optional
        The n of best-of-n, 1 among them; default :func:`n_grid` of the samples per prompt.

    Returns
    -------
    dict of DataFrame
        `curves` (golden, proxy, flip_golden, flip_proxy, n, kl_bits, golden_reward,
        proxy_reward), with golden = proxy rows; `pairs` (golden, proxy, flip_golden, flip_proxy,
        accuracy, n, ndr, golden_gain), n > 1 and golden != proxy; `association` (optimiser, n,
        statistic, protocol, estimate, ci_low, ci_high, n_goldens, paper) for each n > 1; `gains`
        (golden, flip_rate, n, gain_sd, reward_sd) of each golden RM's own policy at the top n;
        `sizes` (rms, prompts, samples, pairs, resamples), one row.

    Raises
    ------
    ValueError
        If there are fewer than 3 RMs, the arrays do not match the list, 1 is not among `ns`, or
        an RM gives every sample the same score.
    """
    ns = sorted(set(n_grid(pool.shape[2]) if ns is None else ns))
    _check(pool, bench, rms, ns)
    mean = pool.mean(axis=(1, 2), dtype=float)
    sd = np.array([plane.std(dtype=float) for plane in pool])
    if not (sd > 0).all():
        name = rms["rm"].iloc[int(np.argmin(sd))]
        raise ValueError(f"{name} gives every sample of the pool one score; train it again")
    rewards = (best_of_n_curves(pool, ns) - mean[:, None, None]) / sd[:, None, None]
    # Without the last digits the initial policy's 0 is a 0 in the written table, not noise.
    rewards = rewards.round(12) + 0.0
    ndr = ndr_matrix(rewards, np.zeros(len(rms)))
    gain = golden_gain(rewards, np.zeros(len(rms)))
    curves = _long(rms, ns, golden_reward=rewards, proxy_reward=_own_reward(rewards))
    curves.insert(5, "kl_bits", kl_bound(curves["n"].to_numpy()))
    accuracy = np.repeat(accuracy_matrix(bench)[:, :, None], len(ns), axis=2)
    gains = np.repeat(gain[:, None], len(rms), axis=1)
    pairs = _long(rms, ns, accuracy=accuracy, ndr=ndr, golden_gain=gains)
    pairs = pairs[(pairs["golden"] != pairs["proxy"]) & (pairs["n"] > 1)].reset_index(drop=True)
    sizes = dict(zip(("rms", "prompts", "samples"), pool.shape, strict=True))
    sizes |= {"pairs": bench.shape[1], "resamples": resamples}
    own = {"golden": rms["rm"].to_numpy(), "flip_rate": rms["flip_rate"].to_numpy()}
    return {
        "association": associations(pairs, resamples=resamples, rng=rng),
        "pairs": pairs,
        "curves": curves,
        "gains": pd.DataFrame({**own, "n": ns[-1], "gain_sd": gain[:, -1], "reward_sd": sd}),
        "sizes": pd.DataFrame([sizes]),
    }


def associations(
    pairs: pd.DataFrame,
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry | None = None,
) -> pd.DataFrame:
    """Association of accuracy with NDR at each n of `pairs`, beside the paper's Table 1.

    Parameters
    ----------
    pairs : DataFrame
        The table `pairs` of :func:`compute`, whole or for some n (see :func:`at_n`).
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry, optional
        Where the paper's values come from; default the package's own.

    Returns
    -------
    DataFrame
        The table `association` of :func:`compute`. The paper does not say which protocol it used,
        so its value stands beside both.
    """
    printed = (registry or load_registry()).printed("rethinking.table1", "Acc. / BoN")
    rows = []
    for n, group in pairs.groupby("n"):
        found = associate(square(group, "accuracy"), square(group, "ndr"), resamples, rng)
        rows += [{"optimiser": "best-of-n", "n": n, **vars(a)} for a in found]
    return pd.DataFrame(rows).assign(paper=lambda table: table["statistic"].map(printed))


def at_n(table: pd.DataFrame, n: int = 0) -> pd.DataFrame:
    """Rows of one n; 0 stands for the largest.

    Raises
    ------
    ValueError
        If that n was not computed; lists those that were.
    """
    known = sorted(table["n"].unique().tolist())
    chosen = n or known[-1]
    if chosen not in known:
        raise ValueError(f"n={n} was not computed; choose one of {known}, or 0 for the largest")
    return table[table["n"] == chosen].reset_index(drop=True)


def square(pairs: pd.DataFrame, column: str) -> np.ndarray:
    """One column of the pairs at one n as `(goldens, proxies)`, NaN on the diagonal."""
    names = pairs["golden"].unique()
    wide = pairs.pivot(index="golden", columns="proxy", values=column)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)


def table1(association: pd.DataFrame, n_rms: int) -> pd.DataFrame:
    """Table 1's best-of-n row as short text cells, a row per statistic.

    Parameters
    ----------
    association : DataFrame
        Rows of one n.
    n_rms : int
        Number of reward models; it sets the chance level of the MRR.
    """
    rows = []
    for statistic, group in association.groupby("statistic", sort=False):
        cells = {
            row.protocol: f"{row.estimate:.2f} [{row.ci_low:.2f},\u00a0{row.ci_high:.2f}]"
            for row in group.itertuples()
        }
        mrr = f"MRR (chance {mrr_chance(n_rms - 1):.2f})"
        rows.append(
            {
                "Statistic": mrr if statistic == "mrr" else statistic.capitalize(),
                "Each golden": cells["mean_g"],
                "All pairs": cells.get("pooled", "–"),
                "Paper": f"{group['paper'].iloc[0]:.2f}",
            }
        )
    return pd.DataFrame(rows)


def _own_reward(rewards: np.ndarray) -> np.ndarray:
    """Reward that each proxy itself gives to its policy, laid out as `(goldens, proxies, ns)`."""
    return np.broadcast_to(np.einsum("ppk->pk", rewards)[None], rewards.shape)


def _long(rms: pd.DataFrame, ns: Sequence[int], **columns: np.ndarray) -> pd.DataFrame:
    """Arrays `(goldens, proxies, ns)` as one row per entry, the last axis fastest."""
    golden, proxy, step = (i.ravel() for i in np.indices((len(rms), len(rms), len(ns))))
    name, flip = rms["rm"].to_numpy(), rms["flip_rate"].to_numpy()
    keys = {
        "golden": name[golden],
        "proxy": name[proxy],
        "flip_golden": flip[golden],
        "flip_proxy": flip[proxy],
        "n": np.asarray(ns)[step],
    }
    return pd.DataFrame({**keys, **{key: value.ravel() for key, value in columns.items()}})


def _check(pool: np.ndarray, bench: np.ndarray, rms: pd.DataFrame, ns: Sequence[int]) -> None:
    if len(rms) < 3 or not len(rms) == len(pool) == len(bench):
        raise ValueError(
            f"need the same 3 or more reward models everywhere: the list has {len(rms)}, "
            f"the pool {len(pool)}, the test set {len(bench)}"
        )
    if rms["rm"].duplicated().any():
        raise ValueError(
            f"reward model {rms['rm'][rms['rm'].duplicated()].iloc[0]} is listed twice"
        )
    if len(ns) < 2 or ns[0] != 1:
        raise ValueError(f"ns must hold 1 (the initial policy) and a larger n, got {ns}")
