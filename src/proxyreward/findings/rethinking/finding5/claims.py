"""Claims of Finding 5, Figure 8 and the paper's derivation.

In: the tables of `tables.compute`. Out: decisions for the scorecard. Called by the `finding5`
stage. The measured claims are decided at the largest n and against the curve for standardised
rewards, because that is how the degree is measured; what the paper's own curve says is in a note.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    decide_claim,
    estimated,
    exact,
    invariant,
)
from proxyreward.findings.rethinking.finding5.tables import (
    BAND,
    KINDS,
    LABEL_FLIPS,
    NOISE,
    NORMAL,
    by_golden,
    chosen,
)
from proxyreward.metrics.resampling import Interval, bootstrap

# Chance that a simulation misses its formula by luck, over all values of one check.
FALSE_ALARM = 0.001


def decide(
    tables: Mapping[str, pd.DataFrame], *, resamples: int, rng: np.random.Generator
) -> list[Decision]:
    """Decide the claims of Finding 5, Figure 8 and appendix 8.9.

    Parameters
    ----------
    tables : mapping of DataFrame
        `degrees`, `curve` and `simulated` of `finding5.compute`.
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    """
    top = chosen(tables["degrees"])
    measured = _Measured({kind: by_golden(top, kind) for kind in KINDS}, resamples, rng)
    scope = f"Best-of-{top['n'].iloc[0]}, standardised rewards"
    return [
        *_curve(tables["curve"]),
        _ratio_alone(tables["simulated"]),
        _variance_share(tables["simulated"]),
        _spread(measured, scope),
        _outliers(measured, scope),
        _attribution(measured, scope),
    ]


@dataclass(frozen=True)
class _Measured:
    """Arrays `(goldens, proxies)` of each kind of proxy, and the bootstrap over golden RMs."""

    kinds: Mapping[str, Mapping[str, np.ndarray]]
    resamples: int
    rng: np.random.Generator

    @property
    def goldens(self) -> int:
        return len(self.kinds[LABEL_FLIPS]["accuracy"])

    def interval(
        self, statistic: Callable[[np.ndarray], float], recentre: bool = False
    ) -> Interval:
        return bootstrap(statistic, self.goldens, self.resamples, self.rng, recentre=recentre)

    def share(self, outside: np.ndarray, name: str) -> Part:
        """Share of the pairs that lie outside, to exceed what chance leaves outside."""
        return estimated(name, self.interval(lambda g: outside[g].mean()), "above", 0.05)

    def distance(self, kind: str) -> np.ndarray:
        """Mean |residual| of each golden RM."""
        return abs(self.kinds[kind]["residual"]).mean(axis=1)


def _curve(curve: pd.DataFrame) -> list[Decision]:
    ends = curve[["accuracy", "degree"]].to_numpy()[[0, -1]]
    missed = abs(ends - [[0.5, 0], [1, 1]]).max()
    formula = abs(curve["accuracy"] - curve["accuracy_closed"]).max()
    rising = {
        name: exact(f"smallest step of {words}", np.diff(curve[column]).min(), "above", 0)
        for name, column, words in (
            ("accuracy", "accuracy", "the accuracy as the ratio grows"),
            ("raw", "degree", "the degree as the accuracy grows"),
            ("standardised", "standardised", "the degree of standardised rewards"),
        )
    }
    parts = [
        rising["accuracy"],
        rising["raw"],
        invariant("ends of the curve against (0.5, 0) and (1, 1)", missed, 1e-6),
    ]
    note = f"The integral differs from the closed form by {formula:.1g} at most."
    return [
        decide_claim("rethinking.finding5.c2", parts, len(curve), scope="Eq. 7", note=note),
        decide_claim(
            "rethinking.fig8.c1",
            [rising["raw"], rising["standardised"]],
            len(curve),
            scope="Points on (0.5, 1)",
        ),
    ]


def _ratio_alone(simulated: pd.DataFrame) -> Decision:
    rows = simulated[simulated["quantity"] == "accuracy"]
    same = [
        (x - y) / np.hypot(x_se, y_se)
        for _, group in rows.groupby("ratio")
        for (x, x_se), (y, y_se) in combinations(group[["estimate", "se"]].to_numpy(), 2)
    ]
    parts = [
        _within_chance("accuracy at one scale against another, in standard errors", same),
        _within_chance("accuracy against the closed form, in standard errors", _missed(rows)),
    ]
    return decide_claim(
        "rethinking.appendix.theory.c1", parts, len(rows), scope="Simulated test sets"
    )


def _variance_share(simulated: pd.DataFrame) -> Decision:
    slope, degree = (simulated[simulated["quantity"] == name] for name in ("slope", "degree"))
    parts = [
        _within_chance("regression slope against d, in standard errors", _missed(slope)),
        _within_chance("best-of-n J_g/J_p against d, in standard errors", _missed(degree)),
    ]
    return decide_claim(
        "rethinking.appendix.theory.c2",
        parts,
        len(slope) + len(degree),
        scope="Simulated rewards",
    )


def _spread(measured: _Measured, scope: str) -> Decision:
    flips = measured.kinds[LABEL_FLIPS]
    outside = {kind: _outside(m, "residual_se", BAND) for kind, m in measured.kinds.items()}

    def excess(goldens: np.ndarray) -> float:
        expected = np.sqrt((flips["residual_se"][goldens] ** 2).mean())
        return flips["residual"][goldens].std() / expected

    parts = [
        estimated(
            "sd of measured minus expected degree / sd that sampling error makes",
            measured.interval(excess, recentre=True),
            "above",
            1.0,
        ),
        measured.share(outside[LABEL_FLIPS], "share of pairs outside the 95% band"),
    ]
    note = (
        f"By the same rule {outside[NOISE].mean():.0%} of the golden-plus-noise proxies and "
        f"{outside[NORMAL].mean():.0%} of the normal model's lie outside."
    )
    return decide_claim("rethinking.finding5.c1", parts, measured.goldens, scope=scope, note=note)


def _outliers(measured: _Measured, scope: str) -> Decision:
    flips, normal = measured.kinds[LABEL_FLIPS], measured.kinds[NORMAL]
    # d(acc) is estimated too: its error alone puts pairs of the normal model beyond 2 se of d_hat.
    parts = [
        measured.share(_outside(flips, error, 2), f"share of pairs more than 2 se off{words}")
        for error, words in (("se", ""), ("residual_se", ", the accuracy's own error included"))
    ]
    chance, both_chance = (_outside(normal, error, 2).mean() for error in ("se", "residual_se"))
    raw = (abs(flips["degree"] - flips["expected_raw"]) > 2 * flips["se"]).mean()
    note = (
        f"In the normal model the two shares are {chance:.0%} and {both_chance:.0%}. From the "
        f"curve for raw rewards the first is {raw:.0%}."
    )
    return decide_claim("rethinking.fig8.c2", parts, measured.goldens, scope=scope, note=note)


def _attribution(measured: _Measured, scope: str) -> Decision:
    flips, noise, normal = (measured.distance(kind) for kind in (LABEL_FLIPS, NOISE, NORMAL))
    parts = [
        estimated(
            f"mean |residual| of label flips minus that of {name}",
            measured.interval(lambda g, control=control: (flips - control)[g].mean()),
            "above",
            0.0,
        )
        for name, control in (("golden plus noise", noise), ("the normal model", normal))
    ]
    note = (
        f"Mean |residual|: label flips {flips.mean():.2g}, golden plus noise {noise.mean():.2g}, "
        f"normal model {normal.mean():.2g}. Golden plus noise has no other Goodhart effect: its "
        "excess over the normal model is left to rewards that are not normal, or that differ "
        "between test pairs and pool."
    )
    return decide_claim("rethinking.fig8.c3", parts, measured.goldens, scope=scope, note=note)


def _outside(arrays: Mapping[str, np.ndarray], error: str, times: float) -> np.ndarray:
    return abs(arrays["residual"]) > times * arrays[error]


def _missed(rows: pd.DataFrame) -> np.ndarray:
    return ((rows["estimate"] - rows["expected"]) / rows["se"]).to_numpy()


def _within_chance(name: str, scores: np.ndarray | list[float]) -> Part:
    """Largest of several standard scores against the most that chance allows them all."""
    limit = -ndtri(FALSE_ALARM / (2 * len(scores)))
    return invariant(name, float(np.abs(scores).max()), limit)
