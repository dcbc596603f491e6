"""Tables of the training schemes: what Figure 4 and Tables 3 and 4 show, and the controls.

In: the replicates of `schemes`, steps, statistics of the pairs. Out: small tables with intervals.
Called by the `more_schemes` stage and by the notebook.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.more.mixtures import FORMS, STANDARD, Mixtures, interval
from proxyreward.findings.more.more_schemes.printed import SCHEMES
from proxyreward.findings.more.more_schemes.schemes import METRICS, Schemes, metric_interval
from proxyreward.metrics.resampling import Interval, resample_draws
from proxyreward.vocabulary import (
    BALANCED,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
)

CONTROLS = (BALANCED, PUBLIC_CODE, MULTITASK_AS_IS, MORE_AS_IS)
# What is subtracted from what: the claim, what balanced batches do alone and what the weights then
# add, MORE as the authors' program runs it, and both schemes on sources of unequal size.
COMPARISONS = (
    (MORE, MULTITASK),
    (BALANCED, MULTITASK),
    (MORE, BALANCED),
    (PUBLIC_CODE, MULTITASK),
    (MORE_AS_IS, MULTITASK_AS_IS),
)
MEAN = "mean"
# Metrics that decide claims. All others, and what is not one of the paper's schemes, take fewer
# resamples: they are most of the work.
DECIDING = ("accuracy", "ece")
FEW = 200
TIMES = ["base", "multitask_ms", "more_ms", "ratio", "low", "high", "weighing_share",
         "solving_share", "repeats"]  # fmt: skip


def compute(
    schemes: Schemes,
    few: Schemes,
    statistics: pd.DataFrame,
    *,
    resampled: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables `cells`, `differences`, `forms`, `steps`, `sizes` and `setup` (one row).

    Parameters
    ----------
    schemes, few : Schemes
        All resamples, and the first `FEW` of them.
    statistics : DataFrame
        Of the stage `sources`.
    resampled : int
        Training pairs of a source after resampling.
    seed : int
        Root of the resamples of steps.
    """
    mixtures, resamples = schemes.mixtures, len(schemes.draws.pairs) - 1
    setup = {
        "sources": len(schemes.sources),
        "tests": len(mixtures.source),
        "bases": len(schemes.bases),
        "seeds": mixtures.seeds,
        "resampled": resampled,
        "resamples": resamples,
        "few": min(FEW, resamples),
    }
    return {
        "cells": cells(schemes, few),
        "differences": differences(schemes, few),
        "forms": forms(few),
        "steps": steps(mixtures, resamples, seed),
        "sizes": sizes(statistics, resampled),
        "setup": pd.DataFrame([setup]),
    }


def cells(schemes: Schemes, few: Schemes, form: str = STANDARD) -> pd.DataFrame:
    """Every metric of every scheme on each source and in the mean: base, scheme, source, metric,
    estimate, low, high.

    Parameters
    ----------
    few : Schemes
        The same with fewer resamples, for what decides no claim.
    form : str
        Of the metric ``ece``, a key of `FORMS`.

    Raises
    ------
    ValueError
        If there is no such form; names those that there are.
    """
    check("form", form, FORMS)
    rows = []
    for base in schemes.bases:
        known = [*SCHEMES, *(CONTROLS if base == schemes.mixtures.middle else ())]
        for scheme in filter(schemes.has, known):
            for metric in METRICS:
                asked = _asked(metric, form)
                by = schemes if metric in DECIDING and scheme in SCHEMES else few
                for source in (*schemes.sources, MEAN):
                    over = schemes.sources if source == MEAN else (source,)
                    found = metric_interval(asked, by.value(asked, scheme, base, over))
                    rows.append((base, scheme, source, metric, *found))
    return pd.DataFrame(rows, columns=["base", "scheme", "source", "metric", *Interval._fields])


def differences(
    schemes: Schemes, few: Schemes, form: str = STANDARD, source: str = ""
) -> pd.DataFrame:
    """The `COMPARISONS`, in the mean over sources or on one: base, first, second, metric, scaled,
    estimate, low, high. Parameters as in :func:`cells`.

    `scaled` says whether both reward models went through temperature scaling, which leaves
    accuracy as it is and takes the size of rewards out of the comparison of the other metrics.

    Raises
    ------
    ValueError
        If there is no such form or source; names those that there are.
    """
    check("form", form, FORMS)
    check("source", source, ("", *schemes.sources))
    over, rows = ((source,) if source else schemes.sources), []
    for first, second in filter(lambda pair: all(map(schemes.has, pair)), COMPARISONS):
        main = (first, second) == COMPARISONS[0]
        for base in schemes.bases if main else (schemes.mixtures.middle,):
            for metric, scaled in product(METRICS, (False, True)):
                asked = _asked(metric, form)
                by = schemes if metric in DECIDING and main and not scaled else few
                one, other = (
                    by.value(asked, scheme, base, over, scaled) for scheme in (first, second)
                )
                found = metric_interval(asked, one - other)
                rows.append((base, first, second, metric, scaled, *found))
    names = ["base", "first", "second", "metric", "scaled", *Interval._fields]
    return pd.DataFrame(rows, columns=names)


def forms(few: Schemes) -> pd.DataFrame:
    """ECE of MORE minus MultiTask in each form, mean over sources: base, form, estimate, low, high.

    Both orders in an even number of bins are left out: the bins mirror each other, so the value is
    that of one order in half as many.
    """
    rows = []
    for base in few.bases:
        for form, options in FORMS.items():
            if options["orientation"] == "both" and options["bins"] % 2 == 0:
                continue
            one, other = (
                few.value(form, scheme, base, few.sources) for scheme in (MORE, MULTITASK)
            )
            rows.append((base, form, *metric_interval(form, one - other)))
    return pd.DataFrame(rows, columns=["base", "form", *Interval._fields])


def steps(mixtures: Mixtures, resamples: int, seed: int) -> pd.DataFrame:
    """What the weights of MORE did to gradients and losses, for each base, and in the public code.

    Returns
    -------
    DataFrame
        base, scheme, steps (of all seeds); shorter and longest, the mean and the largest ratio of
        the length of the head gradient under the weights to that under equal ones; estimate, low
        and high of the mean ratio of the weighted to the plain loss, with steps and seeds
        resampled.
    """
    rows = []
    asked = [(base, MORE) for base in mixtures.bases]
    if PUBLIC_CODE in set(mixtures.rms["scheme"]):
        asked.append((mixtures.middle, PUBLIC_CODE))
    for base, scheme in asked:
        own = _steps_of(mixtures, scheme, base)
        length = own["combined"] / own["equal"]
        ratio = interval(loss_ratio(mixtures, scheme, base, resamples, seed))
        rows.append((base, scheme, len(own), length.mean(), length.max(), *ratio))
    names = ["base", "scheme", "steps", "shorter", "longest", *Interval._fields]
    return pd.DataFrame(rows, columns=names)


def loss_ratio(mixtures: Mixtures, scheme: str, base: str, resamples: int, seed: int) -> np.ndarray:
    """Mean ratio of the weighted to the plain loss, shape (1 + resamples,); row 0 is the estimate.

    Steps and seeds are resampled.
    """
    own = _steps_of(mixtures, scheme, base)
    ratio = (own["loss"] / own["plain_loss"]).to_numpy()
    by_seed = ratio.reshape(own["rm"].nunique(), -1).T
    rng = generator(f"more_schemes loss of {scheme} on {base}", seed)
    return resample_draws(float, by_seed, resamples, rng)


def step_times(path: Path) -> pd.DataFrame:
    """What ``benchmarks/more_step.py`` measured, one row a base; none if it was never run.

    Columns base, multitask_ms, more_ms, ratio, low, high, weighing_share, solving_share, repeats.
    """
    if not path.exists():
        return pd.DataFrame(columns=TIMES)
    record = json.loads(path.read_text(encoding="utf-8"))
    return pd.DataFrame(record["bases"]).assign(repeats=record["repeats"])[TIMES]


def sizes(statistics: pd.DataFrame, resampled: int) -> pd.DataFrame:
    """Pairs of each source: source, training, test (0 without pairs of their own), share.

    `share` is the number of training pairs over that of a source after resampling.
    """
    wide = statistics.pivot(index="source", columns="part", values="pairs")
    wide = wide.reindex(index=statistics["source"].unique(), columns=["training", "test"])
    wide = wide.fillna(0).astype(int)
    return wide.assign(share=wide["training"] / resampled).rename_axis(columns=None).reset_index()


def check(what: str, given: str, known: Iterable[str]) -> None:
    """Raise a ValueError that names what is known, unless the given one is."""
    if given not in known:
        raise ValueError(f"no {what} {given!r}; choose one of {', '.join(map(repr, known))}")


def _steps_of(mixtures: Mixtures, scheme: str, base: str) -> pd.DataFrame:
    return mixtures.steps[mixtures.steps["rm"].isin(mixtures.names(scheme, base))]


def _asked(metric: str, form: str) -> str:
    """Name of a metric where ``ece`` has another form than the standard one."""
    return form if metric == "ece" and form != STANDARD else metric
