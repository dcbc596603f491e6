"""The expected relation of accuracy and overoptimisation, computed and simulated.

In: a random generator. Out: the tables `curve` and `simulated`. Called by `measure.compute` and,
for a noise of the reader's choice, by the notebook `finding5`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.regret import n_grid
from proxyreward.metrics import goodhart
from proxyreward.metrics.best_of_n import best_of_n

RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0)
SCALES = (0.1, 1.0, 10.0)
PAIRS, PROMPTS, SAMPLES = 200_000, 1000, 256


def curve() -> pd.DataFrame:
    """The expected curves of Figure 8(a) at even steps of accuracy from 1/2 to 1.

    Columns ratio, accuracy (by numerical integration), accuracy_closed, degree (eq. 22 of the
    paper), degree_closed (from the closed accuracy), standardised (both rewards scaled to sd 1;
    also the NDR of best-of-n).
    """
    ratio = goodhart.ratio_from_accuracy(np.linspace(0.5, 1, 51))
    closed = goodhart.accuracy_from_ratio(ratio)
    return pd.DataFrame(
        {
            "ratio": ratio,
            "accuracy": goodhart.accuracy_integral(ratio),
            "accuracy_closed": closed,
            "degree": goodhart.degree_from_ratio(ratio),
            "degree_closed": goodhart.degree_from_accuracy(closed),
            "standardised": goodhart.correlation_from_accuracy(closed),
        }
    )


def simulate(rng: np.random.Generator, ratios: Sequence[float] = RATIOS) -> pd.DataFrame:
    """Monte Carlo of the normal model for several ratios of golden sd to noise sd.

    Columns quantity (`accuracy` at several scales of both rewards; `slope` of golden on proxy
    reward; `degree` and `ndr` of best-of-n), ratio, scale, n (0 unless best-of-n), estimate, se,
    expected. Every estimate has draws of its own, except that slope, degree and NDR of one ratio
    share a pool.
    """
    names = ["quantity", "ratio", "scale", "n", "estimate", "se", "expected"]
    return pd.DataFrame([row for ratio in ratios for row in _simulated(ratio, rng)], columns=names)


def pressure(noise: float, rng: np.random.Generator) -> pd.DataFrame:
    """Rewards of best-of-n in one simulated world, in sd of the golden reward.

    The noise, above 0, is in sd of the golden reward, too. Columns n, promised (proxy reward of the
    proxy's policy), kept (its golden reward), possible (golden reward of the golden RM's own
    policy), expected (d times `promised`).
    """
    if noise <= 0:
        raise ValueError(f"noise must be above 0, got {noise}")
    golden, proxy = goodhart.simulate_rewards(1.0, noise, (PROMPTS, SAMPLES), rng)
    ns = n_grid(SAMPLES)
    promised = best_of_n(proxy, proxy, ns).mean(axis=1)
    return pd.DataFrame(
        {
            "n": ns,
            "promised": promised,
            "kept": best_of_n(golden, proxy, ns).mean(axis=1),
            "possible": best_of_n(golden, golden, ns).mean(axis=1),
            "expected": goodhart.degree_from_ratio(1 / noise) * promised,
        }
    )


def _simulated(ratio: float, rng: np.random.Generator) -> Iterator[tuple]:
    accuracy = float(goodhart.accuracy_from_ratio(ratio))
    degree = float(goodhart.degree_from_ratio(ratio))
    for scale in SCALES:
        drawn = goodhart.simulated_accuracy(scale * ratio, scale, PAIRS, rng)
        yield "accuracy", ratio, scale, 0, drawn, goodhart.accuracy_error(accuracy, PAIRS), accuracy
    golden, proxy = goodhart.simulate_rewards(ratio, 1.0, (PROMPTS, SAMPLES), rng)
    x, y = proxy - proxy.mean(), golden - golden.mean()
    slope = (x * y).sum() / (x**2).sum()
    error = np.sqrt(((y - slope * x) ** 2).mean() / (x**2).sum())
    yield "slope", ratio, 1.0, 0, slope, error, degree
    ns = n_grid(SAMPLES)[1:]
    expected = {"degree": degree, "ndr": np.sqrt(degree)}
    for quantity, found in goodhart.simulated_best_of_n(golden, proxy, ns).items():
        for n, value, error in zip(ns, *found):
            yield quantity, ratio, 1.0, n, value, error, expected[quantity]
