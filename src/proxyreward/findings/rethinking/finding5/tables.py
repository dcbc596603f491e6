"""Tables of Finding 5: the degree of overoptimisation of every pair beside what theory expects.

In: `pool (rms, prompts, samples)`, `pairs (rms, pairs, 2)` and the list of RMs. Out: data frames
small enough for Git. Called by the `finding5` stage; the notebook reads the written tables.

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

from proxyreward.findings.rethinking.evidence import at_n
from proxyreward.findings.rethinking.finding5 import theory
from proxyreward.findings.rethinking.regret import n_grid
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.goodhart import (
    accuracy_error,
    correlation_error,
    correlation_from_accuracy,
    degree_from_accuracy,
    matching_noise,
    measured_degree,
    prompt_draws,
)
from proxyreward.metrics.resampling import bootstrap

LABEL_FLIPS, NOISE, NORMAL = KINDS = ("label flips", "golden plus noise", "normal model")
BAND = 1.96  # standard errors on either side of a 95 % interval


def compute(
    pool: np.ndarray,
    pairs: np.ndarray,
    rms: pd.DataFrame,
    *,
    resamples: int,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """All tables of the finding.

    Parameters
    ----------
    pool : ndarray, shape (rms, prompts, samples)
        Scores of the initial policy's samples.
    pairs : ndarray, shape (rms, pairs, 2)
        Scores of the accuracy test set.
    rms : DataFrame with columns rm, flip_rate
        Row i belongs to axis 0 of both arrays.
    resamples : int
        Bootstrap resamples of prompts.
    rng : numpy.random.Generator
        Source of the resamples, of the noise and of the simulations.

    Returns
    -------
    dict of DataFrame
        `degrees`, a row per kind of proxy, golden, proxy and n > 1 (see :func:`measure`), sorted
        by them; `curve` and `simulated` of `finding5.theory`; `sizes`
        (rms, prompts, samples, pairs, resamples), one row.

    Raises
    ------
    ValueError
        If there are fewer than 3 RMs, the arrays do not match the list, or an RM gives every
        sample the same score.
    """
    if len(rms) < 3 or not len(rms) == len(pool) == len(pairs):
        raise ValueError(
            f"need the same 3 or more reward models everywhere: the list has {len(rms)}, "
            f"the pool {len(pool)}, the test set {len(pairs)}"
        )
    sizes = dict(zip(("rms", "prompts", "samples"), pool.shape, strict=True))
    sizes |= {"pairs": pairs.shape[1], "resamples": resamples}
    ns = n_grid(pool.shape[2])[1:]
    draws = prompt_draws(pool.shape[1], resamples, rng)
    accuracy = accuracy_matrix(pairs)
    scores = [Scores(*of_rm) for of_rm in zip(pool, pairs)]
    found = []
    for g, golden in enumerate(scores):
        others = np.delete(np.arange(len(rms)), g)
        normal = golden.like_normal(rng)
        proxies = {
            LABEL_FLIPS: (golden, (scores[p] for p in others)),
            NOISE: (golden, golden.noisy(accuracy[g, others], rng)),
            NORMAL: (normal, normal.noisy(accuracy[g, others], rng)),
        }
        for kind, (truth, family) in proxies.items():
            for p, proxy in zip(others, family):
                keys = pd.DataFrame({"kind": kind, **_named(rms, g, p), "n": ns})
                found.append(keys.join(measure(truth, proxy, ns, draws)))
    order = {kind: place for place, kind in enumerate(KINDS)}
    degrees = pd.concat(found).sort_values("kind", key=lambda kind: kind.map(order), kind="stable")
    return {
        "degrees": degrees.reset_index(drop=True),
        "curve": theory.curve(),
        "simulated": theory.simulate(rng),
        "sizes": pd.DataFrame([sizes]),
    }


@dataclass(frozen=True)
class Scores:
    """One RM's scores of the pool `(prompts, samples)` and of the test pairs `(pairs, 2)`."""

    pool: np.ndarray
    pairs: np.ndarray

    def like_normal(self, rng: np.random.Generator) -> Scores:
        """Standard normal scores of the same shapes."""
        return Scores(*(rng.standard_normal(a.shape) for a in (self.pool, self.pairs)))

    def noisy(self, accuracy: np.ndarray, rng: np.random.Generator) -> Iterator[Scores]:
        """These scores with independent normal noise, once for each wanted accuracy."""
        margins = self.pairs[:, 0] - self.pairs[:, 1]
        for noise in matching_noise(margins, accuracy):
            yield Scores(
                *(a + noise * rng.standard_normal(a.shape) for a in (self.pool, self.pairs))
            )


def measure(golden: Scores, proxy: Scores, ns: Sequence[int], draws: np.ndarray) -> pd.DataFrame:
    """Degree of overoptimisation of a pair of RMs beside the degree expected at its accuracy.

    Returns
    -------
    DataFrame, a row per n
        accuracy, accuracy_se (binomial), degree, se (of the degree, from resampled prompts),
        proxy_gain (denominator of
        the degree, in sd), expected (both rewards standardised, which is how the degree is
        measured), expected_raw (the paper's eq. 7, for rewards that differ by the noise alone),
        residual_se (of degree minus expected: `se` and the accuracy's binomial error carried to
        `expected`, taken as independent, since the test pairs are other responses).
    """
    accuracy = accuracy_matrix(np.stack([golden.pairs, proxy.pairs]))[0, 1]
    degree, se, gain = measured_degree(golden.pool, proxy.pool, ns, draws)
    return pd.DataFrame(
        {
            "accuracy": accuracy,
            "accuracy_se": accuracy_error(accuracy, len(golden.pairs)),
            "degree": degree,
            "se": se,
            "proxy_gain": gain,
            "expected": correlation_from_accuracy(accuracy),
            "expected_raw": degree_from_accuracy(accuracy),
            "residual_se": np.hypot(se, correlation_error(accuracy, len(golden.pairs))),
        }
    )


def chosen(degrees: pd.DataFrame, n: int = 0, golden: str = "") -> pd.DataFrame:
    """Rows of one n (0 stands for the largest) and of one golden RM ("" for all).

    Raises
    ------
    ValueError
        If there is no such n or golden RM; lists those that there are.
    """
    rows = at_n(degrees, n)
    known = rows["golden"].unique().tolist()
    if golden and golden not in known:
        raise ValueError(f"no golden reward model {golden!r}; choose one of {known}")
    return rows[rows["golden"] == golden].reset_index(drop=True) if golden else rows


def by_golden(degrees: pd.DataFrame, kind: str) -> dict[str, np.ndarray]:
    """Columns of one kind at one n as arrays `(goldens, proxies)`, and `residual` with them."""
    rows = degrees[degrees["kind"] == kind]
    goldens = rows["golden"].nunique()
    columns = ("accuracy", "degree", "se", "expected", "expected_raw", "residual_se")
    arrays = {name: rows[name].to_numpy(dtype=float).reshape(goldens, -1) for name in columns}
    return arrays | {"residual": arrays["degree"] - arrays["expected"]}


def deviations(degrees: pd.DataFrame, *, resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Mean distance from the standardised curve by kind of proxy and n.

    Returns
    -------
    DataFrame
        n, kind, estimate, low, high: mean |degree - expected| with its interval over
        golden RMs.
    """
    rows = []
    for n in sorted(degrees["n"].unique()):
        for kind in KINDS:
            distance = abs(by_golden(degrees[degrees["n"] == n], kind)["residual"]).mean(axis=1)
            found = bootstrap(lambda g, d=distance: d[g].mean(), len(distance), resamples, rng)
            rows.append((n, kind, *found))
    return pd.DataFrame(rows, columns=["n", "kind", "estimate", "low", "high"])


def _named(rms: pd.DataFrame, golden: int, proxy: int) -> dict[str, object]:
    name, flip = rms["rm"].to_numpy(), rms["flip_rate"].to_numpy()
    return {
        "golden": name[golden],
        "proxy": name[proxy],
        "flip_golden": flip[golden],
        "flip_proxy": flip[proxy],
    }
