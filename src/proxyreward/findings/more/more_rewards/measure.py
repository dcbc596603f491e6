"""Size, outliers and calibration of the rewards of each training scheme, and how rewards grow.

In: `Mixtures` of one run. Out: tables, with what the paper prints beside them, and what an ECE is
made of. Called by the stage `more_rewards`; the notebook draws single reward models from here.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import logit

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.confidence import OVER_CONFIDENT, over_confidence
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES, SCHEMES
from proxyreward.findings.more.mixtures import (
    FORMS,
    METRICS,
    ORDERS,
    PAPER_FORM,
    Mixtures,
    counterparts,
    printed_outliers,
)
from proxyreward.metrics.calibration import (
    ece_floor,
    inverse_temperature,
    pair_ece,
    reliability,
)
from proxyreward.metrics.outliers import outliers
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK, RAW, SINGLE, TOP

TRAINED = SCHEMES[1:]
MEASURED = (
    "accuracy", "size", "ece", "ece_paper", "ece_floor", "ece_paper_floor", "log_loss"
)  # fmt: skip
AS_TRAINED, SCALED = "as trained", "one temperature"
# The first reading decides: the paper draws boxes apart for right and wrong pairs, and smooth
# distributions fitted to its Table 1 agree with it better.
READINGS = ("by sign", "one box")
SIDES = ("positive", "negative")
PLAIN = (SINGLE, MULTITASK)  # trained on the plain loss
TOLD = {"accuracy": "accuracy", "ece": "ECE", "ece_floor": "floor of the ECE"}
ABOVE_FLOOR = "ECE of MultiTask above its floor, in floors"
ALL_STEPS, SECOND_HALF = "all", "second half"


def measures(mixtures: Mixtures, registry: Registry) -> pd.DataFrame:
    """`MEASURED` of every scheme on Helpful and Harmless; scaled, those of the paper's three.

    Of the untrained reward model only the size, with which training starts. Columns base, source,
    scheme, rewards, metric, paper, value. The paper does not state the form of its ECE; its value
    stands beside both of ours.
    """
    rows, printed = [], paper_values(registry, mixtures.bases)
    asked = [(base, scheme, AS_TRAINED) for base, scheme in mixtures.compared]
    asked += [(base, scheme, SCALED) for base, scheme in product(mixtures.bases, TRAINED)]
    for base, scheme, rewards in asked:
        of, paper = (mixtures.margin, printed) if rewards == AS_TRAINED else (mixtures.scaled, {})
        margin = of(scheme, base)
        for source, name in product(HH, ("size",) if scheme == RAW else MEASURED):
            value = mixtures.evaluate(METRICS[name], margin, source)
            beside = paper.get((base, source, scheme, name))
            rows.append((base, source, scheme, rewards, name, beside, value))
    names = ["base", "source", "scheme", "rewards", "metric", "paper", "value"]
    return pd.DataFrame(rows, columns=names).astype({"paper": float})


def means(measures: pd.DataFrame) -> pd.DataFrame:
    """Mean of both test sets: base, scheme, rewards, metric, value."""
    keys = ["base", "scheme", "rewards", "metric"]
    return measures.groupby(keys, sort=False)["value"].mean().reset_index()


def contrasts(measures: pd.DataFrame) -> pd.DataFrame:
    """MORE minus MultiTask in what measures errors: base, source, rewards, metric, value.

    Of two floors of an ECE it is the larger one: a smaller difference can be chance.
    """
    keys = ["base", "source", "rewards", "metric"]
    errors = measures[~measures["metric"].isin(["accuracy", "size"])]
    one, other = (
        errors[errors["scheme"] == scheme].set_index(keys)["value"] for scheme in (MORE, MULTITASK)
    )
    of_floor = one.index.get_level_values("metric").str.endswith("_floor")
    return (one - other).where(~of_floor, np.maximum(one, other)).reset_index()


def extremes(margin: np.ndarray, reading: str) -> dict[str, float]:
    """Outliers among margins (seeds, pairs); `reading` as of `metrics.outliers.outliers`.

    ``<side>_count`` is the mean over seeds. ``<side>_mean`` in units of the reward and
    ``<side>_mean_sd`` in standard deviations of the reward model's margins are means of the
    outliers of all seeds together, since a reward model may have none. ``share`` is that of all
    outliers among the pairs, in percent.
    """
    found: dict[str, float] = {}
    beyond, deviation = outliers(margin, reading), margin.std(axis=-1)
    for side in SIDES:
        count, average = (getattr(beyond, f"{side}_{part}") for part in ("count", "mean"))
        total = count * np.nan_to_num(average)
        found[f"{side}_count"] = float(count.mean())
        found[f"{side}_mean"] = float(ratio(total.sum(), count.sum()))
        found[f"{side}_mean_sd"] = float(ratio((total / deviation).sum(), count.sum()))
    both = sum(found[f"{side}_count"] for side in SIDES)
    return found | {"share": 100 * both / margin.shape[-1]}


def outlying(mixtures: Mixtures, registry: Registry) -> pd.DataFrame:
    """:func:`extremes` of the paper's three schemes in both readings.

    Columns base, source, scheme, reading, statistic, paper, value.
    """
    rows, printed = [], paper_values(registry, mixtures.bases)
    for base, scheme in product(mixtures.bases, TRAINED):
        margin = mixtures.margin(scheme, base)
        for source, reading in product(HH, READINGS):
            found = extremes(margin[:, mixtures.source == source], reading)
            for name, value in found.items():
                beside = printed.get((base, source, scheme, name))
                rows.append((base, source, scheme, reading, name, beside, value))
    names = ["base", "source", "scheme", "reading", "statistic", "paper", "value"]
    return pd.DataFrame(rows, columns=names).astype({"paper": float})


def factors(mixtures: Mixtures) -> pd.DataFrame:
    """Factor 1/T on the margins at which the log loss is smallest, mean over seeds.

    Columns base, source, scheme, value: over all sources (`ALL`), for Top on each source.
    """
    rows = []
    fitted = [(source, TOP) for source in mixtures.sources] + [(ALL, MULTITASK), (ALL, MORE)]
    for base, (source, scheme) in product(mixtures.bases, fitted):
        own = (mixtures.source == source) | (source == ALL)
        found = inverse_temperature(mixtures.margin(scheme, base)[:, own], mixtures.chance[own])
        rows.append((base, source, scheme, found.mean()))
    return pd.DataFrame(rows, columns=["base", "source", "scheme", "value"])


def controls(mixtures: Mixtures) -> pd.DataFrame:
    """Whether there is anything for MORE to repair, and whether it could be seen: name, value.

    Of MultiTask on each base `confidence.over_confidence`; of MultiTask and MORE accuracy, ECE and
    floor, means over seeds and sources; and by how many floors MultiTask's ECE exceeds its own.
    """
    found = {}
    factors = over_confidence(mixtures.rms, mixtures.margins, mixtures.labels)
    for base, factor in factors.items():
        found[f"{base}: {OVER_CONFIDENT}"] = factor
        margin = {scheme: mixtures.margin(scheme, base) for scheme in (MULTITASK, MORE)}
        for scheme, metric in product(margin, ("accuracy", "ece", "ece_floor")):
            value = mixtures.evaluate(METRICS[metric], margin[scheme])
            found[f"{base}: {TOLD[metric]} of {SCHEME_NAMES[scheme]}"] = value
        error, least = (found[f"{base}: {TOLD[m]} of MultiTask"] for m in ("ece", "ece_floor"))
        found[f"{base}: {ABOVE_FLOOR}"] = error / least - 1
    return pd.DataFrame(list(found.items()), columns=["name", "value"])


def sizes(mixtures: Mixtures, scheme: str, base: str) -> np.ndarray:
    """Mean |margin| in each batch, shape (models, seeds, steps).

    ``single`` has a model for each source, the others have one. Batches are drawn from the training
    pairs, most of them seen for the first time; where a model was trained in folds, a step is the
    mean over them.
    """
    schemes = [f"{SINGLE}-{name}" for name in mixtures.sources] if scheme == SINGLE else [scheme]
    names = [mixtures.names(one, base) for one in schemes]
    own = mixtures.steps[mixtures.steps["rm"].isin(np.ravel(names))]
    wide = own.pivot_table(index="rm", columns="step", values="size").dropna(axis="columns")
    return np.stack([wide.loc[of_scheme] for of_scheme in names])


def growth(mixtures: Mixtures) -> pd.DataFrame:
    """``base, scheme, seed, step, size``: mean over models of :func:`sizes`."""
    frames = []
    for base, scheme in product(mixtures.bases, (*PLAIN, MORE)):
        mean = sizes(mixtures, scheme, base).mean(axis=0)
        seed, step = np.indices(mean.shape)
        frame = {"base": base, "scheme": scheme, "seed": seed.ravel(), "step": step.ravel() + 1}
        frames.append(pd.DataFrame(frame | {"size": mean.ravel()}))
    return pd.concat(frames, ignore_index=True)


def trends(mixtures: Mixtures) -> pd.DataFrame:
    """Spearman of step and size under the plain loss, mean over models and seeds.

    Columns base, scheme, steps (`ALL_STEPS` or `SECOND_HALF`), value.
    """
    rows = []
    for base, scheme in product(mixtures.bases, PLAIN):
        size = sizes(mixtures, scheme, base)
        for name, first in ((ALL_STEPS, 0), (SECOND_HALF, size.shape[-1] // 2)):
            part = size[..., first:]
            step = np.broadcast_to(np.arange(part.shape[-1]), part.shape)
            rows.append((base, scheme, name, spearman(step, part).mean()))
    return pd.DataFrame(rows, columns=["base", "scheme", "steps", "value"])


def paper_values(
    registry: Registry, bases: Sequence[str]
) -> dict[tuple[str, str, str, str], float]:
    """Tables 1, 5 and 6 by our base, source, scheme and statistic of :func:`extremes`.

    ``ece`` and ``ece_paper`` are the same. ``share`` is both counts together over the test pairs of
    Table 4, in percent.
    """
    found = {}
    for (base, paper), source in product(counterparts(bases).items(), HH):
        pairs = registry.printed("more.table4", f"Anthropic {source.title()}", "test")
        for scheme, cells in printed_outliers(registry, paper, source).items():
            share = 100 * (cells["pos_count"] + cells["neg_count"]) / pairs
            own = {"ece": cells["ece"], "ece_paper": cells["ece"], "share": share}
            for side, part in product(SIDES, ("count", "mean")):
                own[f"{side}_{part}"] = cells[f"{side[:3]}_{part}"]
            found |= {(base, source, scheme, key): value for key, value in own.items()}
    return found


def reliability_bins(
    mixtures: Mixtures, base: str, source: str, seed: int, bins: int, binning: str
) -> pd.DataFrame:
    """Reliability diagrams of one reward model of each scheme, in both orientations.

    Of a base without the seed it is the last that there is.

    A row for each bin: scheme, orientation, ece, its floor, and the columns of
    :class:`proxyreward.metrics.calibration.Reliability`.
    """
    frames = []
    for scheme, orientation in product(SCHEMES, ORDERS):
        own = mixtures.source == source
        seeds = mixtures.margin(scheme, base)[:, own]
        margin = seeds[min(seed, len(seeds) - 1)]
        options = {"bins": bins, "binning": binning, "orientation": orientation}
        options["chance"] = mixtures.chance[own]
        error = float(pair_ece(margin, **options))
        head = {"scheme": scheme, "orientation": orientation, "ece": error}
        head["floor"] = float(ece_floor(margin, **options))
        frames.append(pd.DataFrame(head | reliability(margin, **options)._asdict()))
    return pd.concat(frames, ignore_index=True)


def rescaled(mixtures: Mixtures, base: str, source: str, factors: Sequence[float]) -> pd.DataFrame:
    """ECE of the same reward models in every form, their rewards multiplied by a factor.

    Nothing else changes: neither the order of any two responses nor the accuracy. Columns scheme,
    form, factor, size (mean |margin| after scaling), ece, floor; means over seeds.
    """
    own, factor, rows = mixtures.source == source, np.asarray(factors, dtype=float), []
    for scheme in TRAINED:
        margin = mixtures.margin(scheme, base)[:, None, own] * factor[:, None]
        size = abs(margin).mean(axis=(0, 2))
        for form, options in FORMS.items():
            error, least = (
                metric(margin, **options, chance=mixtures.chance[own]).mean(axis=0)
                for metric in (pair_ece, ece_floor)
            )
            rows += [(scheme, form, *row) for row in zip(factor, size, error, least, strict=True)]
    return pd.DataFrame(rows, columns=["scheme", "form", "factor", "size", "ece", "floor"])


def cancelled(mixtures: Mixtures, base: str, source: str) -> dict[str, float]:
    r"""Share of pairs, by scheme, that lie in the middle bin of the paper's form of the ECE.

    Both orders of such a pair fall into it: with M bins of equal width those with
    :math:`|\Delta| < \mathrm{logit}((M + 1) / 2M)`. There they cancel, right or wrong.
    """
    bins = FORMS[PAPER_FORM]["bins"]
    edge, own = logit((bins + 1) / (2 * bins)), mixtures.source == source
    return {
        scheme: float((abs(mixtures.margin(scheme, base)[:, own]) < edge).mean())
        for scheme in TRAINED
    }
