"""What published scores say about accuracy and regret of real reward models.

In: a `Study`. Out: small tables without any text of problems or answers, and the quantities that
claims compare. Called by the stage `real_regret`.

Accuracy, NDR, gamma, tiers, hidden pairs, null scorers and symptoms are those of
`proxyreward evaluate`. Intervals are over problems, where scorers are compared over scorers.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from proxyreward.evaluation.result import Difference, Golden
from proxyreward.evaluation.sample import t_quantile
from proxyreward.findings.core.quantity import LeftOut
from proxyreward.findings.real.real_regret.design import (
    EQUAL,
    OLD,
    REJECTED,
    WHOLE,
    CrossFit,
    jackknifed,
    prediction_table,
)
from proxyreward.findings.real.real_regret.faults import fault_tables, flat
from proxyreward.findings.real.real_regret.published import RIGHT
from proxyreward.findings.real.real_regret.study import ENDS, REWARD_MODEL, Study
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import pairs
from proxyreward.metrics.prediction import spearman

ALL = "all scorers"
BAND = 0.02 + 1e-12
"""Accuracies that differ by at most so much are alike; but for rounding."""
RANK = "Spearman of RewardBench accuracy and share of the gain kept by best of 10"
SPREAD = (
    "sd of the share kept, within pairs of reward models 2 accuracy points apart at most, of the "
    "whole sd"
)
ON_OTHERS = "Spearman of RewardMATH accuracy against {} and share kept on other problems"
CONTRASTS = {
    "nine wrong answers less RewardBench": ((WHOLE, REJECTED, 9), (WHOLE, OLD, 1)),
    "one wrong answer less RewardBench": ((WHOLE, REJECTED, 1), (WHOLE, OLD, 1)),
    "nine wrong answers less one": ((WHOLE, REJECTED, 9), (WHOLE, REJECTED, 1)),
    "nine wrong answers less one, at equal cost": ((EQUAL, REJECTED, 9), (EQUAL, REJECTED, 1)),
}
DIFFERENCE = ["first", "second", "accuracy", "accuracy_low", "accuracy_high"]
DIFFERENCE += ["kept", "kept_low", "kept_high", "p"]


def tables(
    study: Study, rng: np.random.Generator
) -> tuple[dict[str, pd.DataFrame], dict[str, LeftOut]]:
    """All tables by name, and the quantities, with one reward model left out at a time."""
    fit, alike = CrossFit(study.answers, rng), alike_table(study)
    predictions, quantities = predicted(study, fit)
    found = {
        "scorers": scorer_table(study),
        "curves": curve_table(study.found),
        "alike": alike,
        "bands": pd.DataFrame([(len(alike), chance(study, alike))], columns=["pairs", "chance"]),
        "hidden": _rows((own, own.accuracy) for own in study.found.differences if own.hidden),
        "prediction": predictions,
        "contrasts": contrast_table(study, fit),
    }
    return found | fault_tables(study), quantities


def within_bands(accuracy: np.ndarray, kept: np.ndarray) -> float:
    r"""Spread of the share kept among scorers of like accuracy, over the whole spread.

    .. math:: \left. \sqrt{\operatorname{mean}_{|a_i - a_j| \le w} (k_i - k_j)^2} \right/
              \sqrt{\operatorname{mean}_{i < j} (k_i - k_j)^2}

    with w = 0.02. The mean over all pairs is twice the variance, so that both roots are standard
    deviations but for one factor. Pairs in place of fixed bands: no edge parts two scorers who are
    alike, and one who is alone in a band adds nothing. It is the variogram at short distance over
    its sill: 1 where accuracy says nothing about what is kept, 0 where it says all.

    Parameters
    ----------
    accuracy, kept : ndarray, shape (scorers,)

    Returns
    -------
    float
        NaN where no two scorers are alike, or all keep the same.
    """
    one, other = pairs(len(accuracy))
    square = (kept[one] - kept[other]) ** 2
    alike = abs(accuracy[one] - accuracy[other]) <= BAND
    if not alike.any() or not square.any():
        return np.nan
    return float(np.sqrt(square[alike].mean() / square.mean()))


def predicted(study: Study, fit: CrossFit) -> tuple[pd.DataFrame, dict[str, LeftOut]]:
    """Rank correlations of test sets with the share kept, and the quantities of claims."""
    own = fit.predictions(study.places, study.accuracy)
    everyone = fit.predictions(range(len(study.scorers)))
    quantities = {
        RANK: jackknifed(_rank, study.accuracy, study.kept, is_correlation=True),
        SPREAD: jackknifed(within_bands, study.accuracy, study.kept),
        ON_OTHERS.format("one wrong answer"): own[WHOLE, REJECTED, 1],
        ON_OTHERS.format("nine wrong answers"): own[WHOLE, REJECTED, 9],
    }
    both = [prediction_table(own, REWARD_MODEL), prediction_table(everyone, ALL)]
    return pd.concat(both, ignore_index=True), quantities


def contrast_table(study: Study, fit: CrossFit) -> pd.DataFrame:
    """Differences of two rank correlations over the reward models: contrast, estimate, low, high.

    Over the same test sets and reward models, so that what they share cancels.
    """
    gaps = fit.contrasts(CONTRASTS, study.places, study.accuracy)
    rows = [(name, *gap.interval()) for name, gap in gaps.items()]
    return pd.DataFrame(rows, columns=["contrast", *ENDS])


def scorer_table(study: Study) -> pd.DataFrame:
    """Rows scorer, kind, quantity, estimate, low, high; null scorers too.

    Quantities: ``RewardBench accuracy`` and ``RewardMATH accuracy`` (pairs of the right answer and
    a wrong one, ties half), ``kept`` (NDR at best of all answers), ``gamma``, ``peak`` and
    ``tier``.
    """
    before = {model.name: model.metrics["accuracy"] for model in study.on_pairs.models}
    rows = []
    for model in study.found.models:
        own = {"RewardMATH accuracy": model.metrics["accuracy"], "kept": model.regret["ndr"]}
        if model.name in study.reward_models:
            own["RewardBench accuracy"] = before[model.name]
        own |= {name: model.regret[name] for name in ("gamma", "peak")}
        if model.tier is not None:
            own["tier"] = Interval(model.tier, np.nan, np.nan)
        rows += [(model.name, study.kind(model.name), *each) for each in flat(own)]
    return pd.DataFrame(rows, columns=["scorer", "kind", "quantity", *ENDS])


def curve_table(golden: Golden) -> pd.DataFrame:
    """Rows scorer, n, estimate, low, high: share of right answers in the best of n, every n.

    Those of `RIGHT` are the best possible. At n = 1 all choose at random.
    """
    curves = {model.name: model.curve for model in golden.models if not model.null}
    best = next(iter(curves.values()))
    rows = [(RIGHT, n, *own) for n, own in zip(best.n, best.best, strict=True)]
    for name, curve in curves.items():
        rows += [(name, n, *own) for n, own in zip(curve.n, curve.golden, strict=True)]
    return pd.DataFrame(rows, columns=["scorer", "n", *ENDS])


def alike_table(study: Study) -> pd.DataFrame:
    """Pairs of reward models of like accuracy on RewardBench, with the columns `DIFFERENCE`.

    The one that keeps more stands first. `accuracy` and `kept` are differences; p, that the two
    keep the same, is corrected over all pairs of scorers of RewardMATH.
    """
    before = {}
    for own in study.on_pairs.differences:
        low, high = -own.accuracy.high, -own.accuracy.low
        before[own.first, own.second] = own.accuracy
        before[own.second, own.first] = Interval(-own.accuracy.estimate, low, high)
    both = [
        (own, before[own.first, own.second])
        for own in study.found.differences
        if (own.first, own.second) in before
    ]
    return _rows(each for each in both if abs(each[1].estimate) <= BAND)


def chance(study: Study, alike: pd.DataFrame) -> float:
    """What :func:`within_bands` would show by the choice of problems alone.

    That is if scorers of like accuracy would keep the same on all problems that there are: their
    differences would be of the size of the paired errors in `alike_table`. NaN without a pair.
    """
    if alike.empty:
        return np.nan
    error = (alike["kept_high"] - alike["kept_low"]) / 2 / t_quantile(study.new.scores.prompts)
    return float(np.sqrt((error**2).mean() / (2 * np.var(study.kept, ddof=1))))


def _rows(differences: Iterable[tuple[Difference, Interval]]) -> pd.DataFrame:
    rows = [(own.first, own.second, *accuracy, *own.ndr, own.p) for own, accuracy in differences]
    return pd.DataFrame(rows, columns=DIFFERENCE)


def _rank(accuracy: np.ndarray, kept: np.ndarray) -> float:
    return float(spearman(accuracy, kept))
