"""Accuracy, calibration and size of rewards of every training scheme, and what MORE's weights do.

In: the `mixtures.Mixtures` of one run, the paper's printed values, the time of a step. Out: tables.
Called by the stage `more_schemes`; the page reads what that wrote.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES, SCHEMES
from proxyreward.findings.more.mixtures import (
    DISTINCT,
    METRICS,
    PAPER_FORM,
    STANDARD,
    Metric,
    Mixtures,
    counterparts,
    ece,
    floor,
    printed_accuracy,
    printed_outliers,
)
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import (
    BALANCED,
    HH,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    UPGRAD,
)

# What is subtracted from what: the claim, what balanced batches do alone and what the weights then
# add, MORE as the authors' program runs it, and both schemes on sources of unequal size.
COMPARISONS = {
    (MORE, MULTITASK): "MORE − MultiTask",
    (BALANCED, MULTITASK): "balanced − MultiTask",
    (MORE, BALANCED): "MORE − balanced",
    (PUBLIC_CODE, MULTITASK): "public code − MultiTask",
    (UPGRAD, BALANCED): "UPGrad − balanced",
    (MORE_AS_IS, MULTITASK_AS_IS): "both on sources as is",
}
# The other forms of the ECE go by their own names, their floors too.
FLOOR = "_floor"
_OTHERS = [form for form in DISTINCT if form not in (STANDARD, PAPER_FORM)]
MEASURED: dict[str, Metric] = METRICS | {form: ece(form) for form in _OTHERS}
MEASURED |= {form + FLOOR: floor(form) for form in _OTHERS}
TIMES = ["base", "multitask_ms", "more_ms", "ratio", "low", "high", "weighing_share",
         "solving_share", "repeats"]  # fmt: skip


def cells(mixtures: Mixtures, registry: Registry) -> pd.DataFrame:
    """Every metric of every scheme on each source and in their mean (Figure 4, Table 3).

    Columns base, scheme, source (or ``mean``), metric (a key of `MEASURED`), scaled, paper, value.
    `scaled` is after temperature scaling, which leaves accuracy as it is and takes the size of
    rewards out of a comparison of schemes.
    """
    rows, stands_for = [], counterparts(mixtures.bases)
    for base, scheme in mixtures.compared:
        for scaled in (False, True):
            margin = (mixtures.scaled if scaled else mixtures.margin)(scheme, base)
            for metric, of in MEASURED.items():
                by = {name: mixtures.evaluate(of, margin, name) for name in mixtures.sources}
                by["mean"] = float(np.mean(list(by.values())))
                for source, value in by.items():
                    paper = np.nan
                    if not scaled and scheme in SCHEMES:
                        paper = printed(registry, stands_for[base], metric, scheme, source)
                    rows.append((base, scheme, source, metric, scaled, paper, value))
    names = ["base", "scheme", "source", "metric", "scaled", "paper", "value"]
    return pd.DataFrame(rows, columns=names)


def differences(found: pd.DataFrame) -> pd.DataFrame:
    """The `COMPARISONS`, first minus second, from :func:`cells`, on the bases that have both.

    Columns source, base, first, second, metric, scaled, paper, value. Of two floors of an ECE it is
    the larger one: a smaller difference can be chance.
    """
    keys = ["source", "base", "metric", "scaled"]
    by = {name: rows.set_index(keys)[["paper", "value"]] for name, rows in found.groupby("scheme")}
    tables = []
    for first, second in COMPARISONS:
        both = by[first].index.intersection(by[second].index, sort=False)
        less = by[first].loc[both] - by[second].loc[both]
        of_floor = less.index.get_level_values("metric").str.endswith(FLOOR)
        larger = np.maximum(by[first].loc[both], by[second].loc[both])
        less[of_floor] = larger[of_floor]
        tables.append(less.reset_index().assign(first=first, second=second))
    table = pd.concat(tables, ignore_index=True)
    table = table[~(table["scaled"] & (table["metric"] == "accuracy"))]
    return table[["source", "base", "first", "second", "metric", "scaled", "paper", "value"]]


def steps(mixtures: Mixtures) -> pd.DataFrame:
    """What the weights of MORE and of its public code did, over all steps and seeds.

    Columns base, scheme, measure, value. Measures are the mean and largest ratio of the length of
    the head gradient under the weights to that under equal ones; mean ratio of the weighted to the
    plain loss of the same batch.
    """
    rows = []
    asked = [(base, scheme) for base, scheme in mixtures.compared if scheme in (MORE, PUBLIC_CODE)]
    for base, scheme in asked:
        own = mixtures.steps[mixtures.steps["rm"].isin(mixtures.names(scheme, base))]
        length, loss = own["combined"] / own["equal"], own["loss"] / own["plain_loss"]
        values = {"gradient, mean": length.mean(), "gradient, largest": length.max()}
        values["loss"] = loss.mean()
        rows += [(base, scheme, measure, value) for measure, value in values.items()]
    return pd.DataFrame(rows, columns=["base", "scheme", "measure", "value"])


def step_times(path: Path) -> pd.DataFrame:
    """What ``benchmarks/more_step.py`` measured, one row a base; none if it was never run.

    Columns base, multitask_ms, more_ms, ratio, low, high, weighing_share, solving_share, repeats;
    low and high are those of the ratio over the benchmark's own repeats.
    """
    if not path.exists():
        return pd.DataFrame(columns=TIMES)
    record = json.loads(path.read_text(encoding="utf-8"))
    return pd.DataFrame(record["bases"]).assign(repeats=record["repeats"])[TIMES]


def sizes(statistics: pd.DataFrame, resampled: int) -> pd.DataFrame:
    """Pairs of each source: source, training, test (0 without pairs of their own), share.

    `statistics` is that of the stage `sources`; `share` is the number of training pairs over that
    of a source after resampling.
    """
    wide = statistics.pivot(index="source", columns="part", values="pairs")
    wide = wide.reindex(index=statistics["source"].unique(), columns=["training", "test"])
    wide = wide.fillna(0).astype(int)
    return wide.assign(share=wide["training"] / resampled).rename_axis(columns=None).reset_index()


def metric_of(form: str) -> str:
    """Name of the ECE in a form; a ValueError lists the forms that there are."""
    one_of("form", form, DISTINCT)
    return {STANDARD: "ece", PAPER_FORM: "ece_paper"}.get(form, form)


def printed(registry: Registry, base: str, metric: str, scheme: str, source: str) -> float:
    """The paper's value on one of its bases, NaN where it prints none.

    Accuracies are those of Table 3 as shares, their mean that of the row: the paper's own has
    slips. ECEs, of whatever form, are those of Tables 1, 5 and 6, and of Table 3 in the mean.
    """
    if metric in ("log_loss", "brier", "size") or metric.endswith(FLOOR):
        return np.nan
    if metric == "accuracy":
        shares = printed_accuracy(registry, base, scheme)
        return shares.get(source, np.nan) if source != "mean" else np.mean(list(shares.values()))
    if source == "mean":
        return registry.printed("more.table3", base, SCHEME_NAMES[scheme], "ece")
    cells = printed_outliers(registry, base, source) if source in HH else {}
    return cells[scheme]["ece"] if scheme in cells else np.nan
