"""Claims about the KL penalty of PPO: Table 7 and its discussion in appendix 8.5.

In: `Evidence` and the table of runs. Out: decisions. Called by `claims`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, decide_claim, estimated, exact
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix.penalties import (
    Penalised,
    collapse,
    printed,
    trend,
)
from proxyreward.metrics.resampling import Interval, bootstrap, bootstrap_draws, mean_known

UNDEFINED = Interval(np.nan, np.nan, np.nan)
TOO_LARGE = "A largest of several is too large by chance, which favours the claim."


def decide_penalty(
    evidence: Evidence,
    runs: pd.DataFrame,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide `rethinking.table7` and `rethinking.appendix.kl_penalty`.

    Parameters
    ----------
    evidence : Evidence
    runs : DataFrame
        Of `rethinking_appendix.penalties.run_ends`.
    resamples, rng, registry
        As in `rethinking_appendix.decide`.
    """
    return [
        *_prediction(evidence, resamples, rng, registry),
        _collapse(runs, resamples, rng, registry),
        *_mechanism(runs, resamples, rng),
    ]


def _prediction(
    evidence: Evidence, resamples: int, rng: np.random.Generator, registry: Registry
) -> list[Decision]:
    found = Penalised.of(evidence, collapse(registry))
    paper = printed(registry)
    spearmans = np.array([row["spearman"] for _, row in sorted(paper.items())])
    mrrs = np.array([row["mrr"] for _, row in sorted(paper.items())])

    def interval(
        statistic: str, summary: Callable[[np.ndarray], float], recentre: bool = False
    ) -> Interval:
        if len(found.penalties) < 2:
            return UNDEFINED
        values = found.by_golden(statistic)[:, None]  # one draw of the test set
        return bootstrap_draws(summary, values, resamples, rng, recentre=recentre)

    scope = f"PPO, the same {len(found.rms)} reward models at {len(found.penalties)} penalties"

    def decision(claim: str, part: Part, value: float, note: str = "") -> Decision:
        return decide_claim(
            f"rethinking.table7.{claim}",
            [part],
            len(found.rms),
            paper_value=value,
            scope=scope,
            note=note,
        )

    # Resamples of a largest value lie above it, so these two are centred on their estimates.
    gain = interval("spearman", _gain, recentre=True)
    late = interval("spearman", _late, recentre=True)
    fall = interval("mrr", lambda means: trend(found.penalties, means))
    return [
        decision(
            "c1",
            estimated("largest Spearman with a penalty minus without", gain, "above", 0.0),
            _gain(spearmans),
            TOO_LARGE,
        ),
        decision(
            "c2",
            estimated("Kendall correlation of the penalty with the MRR", fall, "below", 0.0),
            trend(sorted(paper), mrrs),
        ),
        decision(
            "c3",
            estimated(
                "Spearman at the largest penalty minus the best of the others", late, "below", 0.0
            ),
            _late(spearmans),
            TOO_LARGE,
        ),
    ]


def _collapse(
    runs: pd.DataFrame, resamples: int, rng: np.random.Generator, registry: Registry
) -> Decision:
    """At the penalty of the collapse: a run that stopped has collapsed, else the rewards say."""
    large = runs[runs["kl_coef"] == collapse(registry)]
    stopped = large[large["status"] != "finished"]

    def mean_of(column: str) -> Interval:
        values = large[column].to_numpy(dtype=float)
        if np.isnan(values).all():
            return UNDEFINED
        return bootstrap(lambda draw: mean_known(values[draw]), len(values), resamples, rng)

    if len(stopped):
        parts = [exact("runs that did not finish", len(stopped), "above", 0)]
    else:
        parts = [
            estimated("proxy reward at the end", mean_of("proxy_gain"), "within", 0.0),
            estimated("golden reward at the end", mean_of("golden_gain"), "within", 0.0),
        ]
    return decide_claim(
        "rethinking.table7.c4",
        parts,
        len(large),
        scope=f"PPO with penalty {collapse(registry):g}, sd above the initial policy",
        note=f"{len(stopped)} of {len(large)} runs did not finish.",
    )


def _mechanism(runs: pd.DataFrame, resamples: int, rng: np.random.Generator) -> list[Decision]:
    decisions = []
    for claim, column, name in (
        ("c1", "kl_nats", "KL divergence at the end"),
        ("c2", "proxy_gain", "gain in proxy reward"),
    ):
        wide = runs.pivot(index="rm", columns="kl_coef", values=column)
        trends = np.array([trend(wide.columns, row) for row in wide.to_numpy(dtype=float)])
        found = UNDEFINED
        if np.isfinite(trends).any():
            found = bootstrap(
                lambda draw, t=trends: mean_known(t[draw]), len(trends), resamples, rng
            )
        part = estimated(f"Kendall correlation of the penalty with the {name}", found, "below", 0.0)
        decisions.append(
            decide_claim(
                f"rethinking.appendix.kl_penalty.{claim}",
                [part],
                len(trends),
                scope=f"PPO, mean over reward models, {len(wide.columns)} penalties",
            )
        )
    return decisions


def _gain(means: np.ndarray) -> float:
    """Largest value with a penalty minus the value without; penalties rise along the axis."""
    return float(means[1:].max() - means[0])


def _late(means: np.ndarray) -> float:
    """Value at the largest penalty minus the largest before it."""
    return float(means[-1] - means[:-1].max())
