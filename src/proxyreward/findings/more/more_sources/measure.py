"""MORE on two to all sources: calibration, lengths of combined head gradients, weights, shares.

In: the `mixtures.Mixtures` of one run, sizes of the sources, the paper's printed values. Out:
tables. Called by the stage `more_sources`; the page reads what that wrote.
"""

from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import (
    DISTINCT,
    METRICS,
    PAPER_FORM,
    STANDARD,
    Metric,
    Mixtures,
    accuracy,
    counterparts,
    ece,
    floor,
    printed_outliers,
    temperature_scaled,
)
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import (
    ADDED,
    FIXED_TOTAL,
    HH,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    SPLITS,
    TOP,
)


def curves(mixtures: Mixtures) -> pd.DataFrame:
    """Each measure on Helpful and Harmless against the number of sources (Figure 6), largest base.

    Columns measure, form (``any`` where there is none), source, curve, k, value. Measures are the
    ECE and its floor; the ECE after temperature scaling, with a temperature for each test source
    (fitted over all sources it would depend on how many of them the model has seen, hence on K);
    mean |margin|; accuracy. Curves are MORE in each order of adding sources (``order 0`` is the
    paper's; all share their ends), the mean over orders, MORE on two and on all sources with a
    ``fixed total`` of pairs, as many as two have, and ``top`` (k = 1), the model on the test source
    alone.
    """
    lines = {
        (f"order {order}", k): mixtures.margin(ADDED, k=k, order=order)
        for order, k in product(mixtures.orders, mixtures.counts)
    }
    # Two sources at full size have the total of all at a smaller one.
    first, last = mixtures.counts[0], mixtures.counts[-1]
    lines["fixed total", first] = lines["order 0", first]
    if last > first:
        lines["fixed total", last] = mixtures.margin(FIXED_TOTAL)
    lines[TOP, 1] = mixtures.margin(TOP)
    rows = [
        (*read, source, *line, mixtures.evaluate(of, margin, source))
        for read, of in _readings().items()
        for source in HH
        for line, margin in lines.items()
    ]
    keys = ["measure", "form", "source", "curve", "k"]
    found = pd.DataFrame(rows, columns=[*keys, "value"])
    ordered = found[found["curve"].str.startswith("order")].assign(curve="mean of orders")
    mean = ordered.groupby(keys, sort=False)["value"].mean().reset_index()
    return pd.concat([found, mean], ignore_index=True)


def forms(found: pd.DataFrame) -> pd.DataFrame:
    """ECE of MORE on all sources minus that of fewer, in every form, from :func:`curves`.

    Columns measure (``scaled`` in the standard and the paper's form alone), form, against (``top``,
    the model on the test source, or MORE on ``two`` sources in the paper's order), source, value. A
    ``floor`` is the larger one of both ECEs: a smaller difference can be chance.
    """
    asked = [(read, form) for read in ("ece", "floor") for form in DISTINCT]
    asked += [("scaled", STANDARD), ("scaled", PAPER_FORM)]
    value = found.set_index(["measure", "form", "source", "curve", "k"])["value"].sort_index()
    rows = []
    for read, source in product(asked, HH):
        last = value[*read, source, "order 0", found["k"].max()]
        for against, line in (("top", (TOP, 1)), ("two", ("order 0", 2))):
            other = value[*read, source, *line]
            apart = max(last, other) if read[0] == "floor" else last - other
            rows.append((*read, against, source, apart))
    return pd.DataFrame(rows, columns=["measure", "form", "against", "source", "value"])


def alone(mixtures: Mixtures, registry: Registry) -> pd.DataFrame:
    """ECE of MORE on all sources minus that of the model on the test source, on every base.

    Columns base, source, paper, value; standard form.
    """
    rows = []
    for (base, name), source in product(counterparts(mixtures.bases).items(), HH):
        of_more, own = (
            mixtures.evaluate(ece(), mixtures.margin(scheme, base), source)
            for scheme in (MORE, TOP)
        )
        paper = printed_outliers(registry, name, source)
        rows.append((base, source, paper[MORE]["ece"] - paper[TOP]["ece"], of_more - own))
    return pd.DataFrame(rows, columns=["base", "source", "paper", "value"])


def norms(mixtures: Mixtures, first: int = 0) -> pd.DataFrame:
    r"""Length of the combined head gradient over the mean length of the sources' gradients.

    .. math:: \frac{\lVert\sum_i \lambda_i g_i\rVert}{\frac1K \sum_i \lVert g_i\rVert}

    as the mean over the first steps (:func:`compared`) and the seeds. Columns kind, weights
    (``combined``, those of eq. 9, or ``equal``), k, value. Kinds are K ``sources``, the mean over
    the orders of adding them; K random ``parts`` of the first source; and their difference.
    """
    steps = mixtures.steps
    steps = steps[steps.groupby("rm").cumcount() < compared(mixtures, first)]
    rows = []
    for weights in ("combined", "equal"):
        length = (steps[weights] / steps["single"]).groupby(steps["rm"]).mean()
        for k in mixtures.counts:
            by_order = [length[mixtures.names(ADDED, k=k, order=i)].mean() for i in mixtures.orders]
            sources, parts = np.mean(by_order), length[mixtures.names(SPLITS, k=k)].mean()
            found = {"sources": sources, "parts": parts, "sources - parts": sources - parts}
            rows += [(kind, weights, k, value) for kind, value in found.items()]
    return pd.DataFrame(rows, columns=["kind", "weights", "k", "value"])


def compared(mixtures: Mixtures, first: int = 0) -> int:
    """How many first steps are compared: all that the shortest run has, or at most `first`."""
    asked = mixtures.rms[mixtures.rms["scheme"].isin([MORE, ADDED, SPLITS])]
    asked = asked.loc[asked["base"] == mixtures.main, "rm"]
    shortest = int(mixtures.steps["rm"].value_counts()[asked].min())
    return min(first or shortest, shortest)


def mean_weights(mixtures: Mixtures) -> pd.DataFrame:
    """Mean weight of each source over steps and seeds: scheme, base, source, value.

    For MORE on every base, and for the authors' program on the largest one.
    """
    rows = [
        (scheme, base, source, weight.mean())
        for base, scheme in mixtures.compared
        if scheme in (MORE, PUBLIC_CODE)
        for source, weight in step_weights(mixtures, scheme, base).items()
    ]
    return pd.DataFrame(rows, columns=["scheme", "base", "source", "value"])


def step_weights(mixtures: Mixtures, scheme: str, base: str) -> dict[str, np.ndarray]:
    """Weight of each source at every step, arrays of shape (seeds, steps)."""
    by_model = mixtures.steps.groupby("rm")
    runs = [by_model.get_group(name) for name in mixtures.names(scheme, base)]
    return {
        source: np.stack([run[f"weight_{source}"] for run in runs]) for source in mixtures.sources
    }


def shares(mixtures: Mixtures, statistics: pd.DataFrame) -> pd.DataFrame:
    """Share of each source in all training pairs, as they are: source, share.

    `statistics` is the table of the `sources` stage.
    """
    pairs = statistics[statistics["part"] == "training"].set_index("source")["pairs"]
    pairs = pairs.loc[list(mixtures.sources)].to_numpy(float)
    return pd.DataFrame({"source": mixtures.sources, "share": pairs / pairs.sum()})


def gains(mixtures: Mixtures) -> pd.DataFrame:
    r"""Relative gain of mixtures on every source (largest base): scheme, source, value.

    .. math:: \frac{\mathrm{acc}_\mathrm{mix} - \mathrm{acc}_\mathrm{raw}}
              {\mathrm{acc}_\mathrm{top} - \mathrm{acc}_\mathrm{raw}}

    for MultiTask and MORE on the sources as they are, and MultiTask on sources resampled to equal
    size. 1 is the gain of the source's own model; NaN where that has none.
    """

    def reached(scheme: str) -> np.ndarray:
        margin = mixtures.margin(scheme)
        return np.array([mixtures.evaluate(accuracy, margin, name) for name in mixtures.sources])

    raw = reached(RAW)
    own = reached(TOP) - raw
    rows = [
        (scheme, source, value)
        for scheme in (MULTITASK_AS_IS, MULTITASK, MORE_AS_IS)
        for source, value in zip(mixtures.sources, ratio(reached(scheme) - raw, own), strict=True)
    ]
    return pd.DataFrame(rows, columns=["scheme", "source", "value"])


def association(gain: pd.DataFrame, share: pd.DataFrame) -> pd.DataFrame:
    """Spearman over sources of share and relative gain: scheme, value.

    ``difference`` is that of share and the gain of MultiTask on sources as they are minus that on
    equal sizes. Arguments as of :func:`gains` and :func:`shares`.
    """
    by = {name: rows["value"].to_numpy() for name, rows in gain.groupby("scheme", sort=False)}
    by["difference"] = by[MULTITASK_AS_IS] - by[MULTITASK]
    rows = [(name, float(spearman(share["share"], values))) for name, values in by.items()]
    return pd.DataFrame(rows, columns=["scheme", "value"])


def _readings() -> dict[tuple[str, str], Metric]:
    """Measures of one test source's margins, by name and form."""

    def scaled(form: str) -> Metric:
        return lambda margin, chance: ece(form)(temperature_scaled(margin, chance), chance)

    found = {("ece", form): ece(form) for form in DISTINCT}
    found |= {("scaled", form): scaled(form) for form in DISTINCT}
    found |= {("floor", form): floor(form) for form in DISTINCT}
    return found | {(name, "any"): METRICS[name] for name in ("size", "accuracy")}
