"""The degree of overoptimisation of every pair in one run, beside what theory expects.

In: `pool (rms, prompts, samples)`, `pairs (rms, pairs, 2)` and the list of RMs. Out: tables. Called
by the stage `finding5`.

Three kinds of proxies are measured alike. Label flips: the other RMs. Golden plus noise: the
golden RM's own scores with independent normal noise, one for each other RM, with so much noise that
it is expected to be as accurate; noise is all that is wrong with it. Normal model: the same with
normal draws for the golden scores; nothing but sampling error is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.finding5 import theory
from proxyreward.findings.rethinking.regret import n_grid
from proxyreward.metrics import goodhart
from proxyreward.metrics.agreement import accuracy_matrix

LABEL_FLIPS, NOISE, NORMAL = KINDS = ("label flips", "golden plus noise", "normal model")
BAND = 1.96  # standard errors on either side of a 95 % interval
# Of the prompts, behind the standard error of a single degree: what an outlier is depends on it.
RESAMPLES = 1000


def compute(
    pool: np.ndarray, pairs: np.ndarray, rms: pd.DataFrame, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """All tables of the finding.

    Parameters
    ----------
    pool : scores of the initial policy's samples, shape (rms, prompts, samples).
    pairs : scores of the test pairs, shape (rms, pairs, 2), in each RM's units of the pool.
    rms : rm, flip_rate; row i belongs to axis 0 of both arrays.
    rng : source of the resampled prompts, of the noise and of the simulations.

    Returns
    -------
    dict of DataFrame
        `degrees`, a row per kind of proxy, golden, proxy and n > 1 (see :func:`degree_of`), sorted
        by them; `curve` and `simulated` of `finding5.theory`; `sizes`, one row.

    Raises ValueError if there are fewer than 3 RMs, the arrays do not match the list, or an RM
    gives every sample the same score.
    """
    if len(rms) < 3 or not len(rms) == len(pool) == len(pairs):
        raise ValueError(
            f"need the same 3 or more reward models everywhere: the list has {len(rms)}, "
            f"the pool {len(pool)}, the test set {len(pairs)}"
        )
    ns, sizes = n_grid(pool.shape[2])[1:], (*pool.shape, pairs.shape[1])
    draws = goodhart.prompt_draws(pool.shape[1], RESAMPLES, rng)
    accuracy = accuracy_matrix(pairs)
    scores = [Scores(*of_rm) for of_rm in zip(pool, pairs)]
    names, flips = rms["rm"].to_numpy(), rms["flip_rate"].to_numpy()
    found: dict[str, list[pd.DataFrame]] = {kind: [] for kind in KINDS}
    for g, golden in enumerate(scores):
        others = np.delete(np.arange(len(rms)), g)
        normal = Scores(*(rng.standard_normal(of[g].shape) for of in (pool, pairs)))
        proxies = {
            LABEL_FLIPS: (golden, (scores[p] for p in others)),
            NOISE: (golden, golden.noisy(accuracy[g, others], rng)),
            NORMAL: (normal, normal.noisy(accuracy[g, others], rng)),
        }
        for kind, (truth, family) in proxies.items():
            for p, proxy in zip(others, family):
                keys = {"kind": kind, "golden": names[g], "proxy": names[p]}
                keys |= {"flip_golden": flips[g], "flip_proxy": flips[p], "n": ns}
                found[kind].append(pd.DataFrame(keys | degree_of(truth, proxy, ns, draws)))
    return {
        "degrees": pd.concat(sum(found.values(), []), ignore_index=True),
        "curve": theory.curve(),
        "simulated": theory.simulate(rng),
        "sizes": pd.DataFrame([sizes], columns=["rms", "prompts", "samples", "pairs"]),
    }


@dataclass(frozen=True)
class Scores:
    """One RM's scores of the pool `(prompts, samples)` and of the test pairs `(pairs, 2)`."""

    pool: np.ndarray
    pairs: np.ndarray

    def noisy(self, accuracy: np.ndarray, rng: np.random.Generator) -> Iterator[Scores]:
        """These scores with independent normal noise, once for each wanted accuracy."""
        margins = self.pairs[:, 0] - self.pairs[:, 1]
        for noise in goodhart.matching_noise(margins, accuracy):
            pool = self.pool + noise * rng.standard_normal(self.pool.shape)
            yield Scores(pool, self.pairs + noise * rng.standard_normal(self.pairs.shape))


def degree_of(
    golden: Scores, proxy: Scores, ns: Sequence[int], draws: np.ndarray
) -> dict[str, np.ndarray | float]:
    """Degree of overoptimisation of a pair of RMs beside the degree expected at its accuracy.

    Columns with a row per n: accuracy, accuracy_se (binomial), degree, se (over `draws` of prompts,
    (resamples, prompts)), proxy_gain (denominator of the degree, in sd), expected (both rewards
    standardised, which is how the degree is measured), expected_raw (the paper's eq. 7, for rewards
    that differ by the noise alone), residual_se (of degree minus expected: `se` and the accuracy's
    error carried to `expected`, taken as independent, as the test pairs are other responses).
    """
    accuracy = accuracy_matrix(np.stack([golden.pairs, proxy.pairs]))[0, 1]
    degree, se, gain = goodhart.measured_degree(golden.pool, proxy.pool, ns, draws)
    return {
        "accuracy": accuracy,
        "accuracy_se": float(goodhart.accuracy_error(accuracy, len(golden.pairs))),
        "degree": degree,
        "se": se,
        "proxy_gain": gain,
        "expected": float(goodhart.correlation_from_accuracy(accuracy)),
        "expected_raw": float(goodhart.degree_from_accuracy(accuracy)),
        "residual_se": np.hypot(se, goodhart.correlation_error(accuracy, len(golden.pairs))),
    }


def deviations(degrees: pd.DataFrame) -> pd.DataFrame:
    """Mean distance from the standardised curve, |degree - expected|: n, kind, value."""
    distance = abs(degrees["degree"] - degrees["expected"]).rename("value")
    by = [degrees["n"], degrees["kind"]]
    return distance.groupby(by, sort=False).mean().reset_index()
