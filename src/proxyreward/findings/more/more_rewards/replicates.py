"""Size, calibration and outliers of the rewards of each training scheme, in every resample.

In: margins of `Mixtures` and common resamples of them. Out: frames with a row for each quantity and
a column for each resample, the first the data as they are; sums and differences of rows are paired.
Called by `tables` and `diagrams`.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from proxyreward.findings.more.mixtures import (
    PAPER_FORM,
    STANDARD,
    Draws,
    Metric,
    Mixtures,
    accuracy,
    ece,
    size,
)
from proxyreward.metrics.calibration import inverse_temperature, log_loss
from proxyreward.metrics.labelled import mean
from proxyreward.metrics.outliers import outliers
from proxyreward.metrics.pairs import ratio
from proxyreward.vocabulary import (
    BALANCED,
    HH,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    TOP,
)

SCHEMES = (TOP, MULTITASK, MORE)
CONTROLS = (BALANCED, PUBLIC_CODE, MULTITASK_AS_IS, MORE_AS_IS)
AS_TRAINED, SCALED = "as trained", "one temperature"
# The first reading decides: the paper draws boxes apart for right and wrong pairs, and smooth
# distributions fitted to its Table 1 agree with it better.
READINGS = ("by sign", "one box")
SIDES = ("positive", "negative")
METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "size": size,
    "ece": ece(STANDARD),
    "ece_paper": ece(PAPER_FORM),
    "log_loss": log_loss,
}
KEYS = {
    "measures": ("base", "source", "scheme", "rewards", "metric"),
    "outliers": ("base", "source", "scheme", "reading", "statistic"),
    "factors": ("base", "source", "scheme"),
    "trends": ("base", "scheme", "steps"),
}
ALL = "all"


def frame(rows: dict[tuple, np.ndarray], name: str) -> pd.DataFrame:
    """Replicates by key, see `KEYS`, as a frame with a column for each resample."""
    index = pd.MultiIndex.from_tuples(rows, names=KEYS[name])
    return pd.DataFrame(np.array(list(rows.values())), index=index)


def controls(mixtures: Mixtures, base: str) -> list[str]:
    """Schemes beside the paper's three that were trained on a base, in the order of `CONTROLS`."""
    trained = set(mixtures.rms.loc[mixtures.rms["base"] == base, "scheme"])
    return [scheme for scheme in CONTROLS if scheme in trained]


def measures(mixtures: Mixtures, draws: Draws) -> pd.DataFrame:
    """`METRICS` of every scheme on Helpful and Harmless; scaled, those of the paper's three.

    Of the untrained reward model only the size, with which training starts.
    """
    rows = {}
    for base in mixtures.bases:
        kinds = [(scheme, AS_TRAINED) for scheme in (RAW, *SCHEMES, *controls(mixtures, base))]
        for scheme, rewards in [*kinds, *((scheme, SCALED) for scheme in SCHEMES)]:
            of = mixtures.scaled if rewards == SCALED else mixtures.margin
            margin = of(scheme, base)
            for source in HH:
                for name in ("size",) if scheme == RAW else METRICS:
                    value = draws.evaluate(METRICS[name], margin, source)
                    rows[base, source, scheme, rewards, name] = value
    return frame(rows, "measures")


def extremes(draws: Draws, margin: np.ndarray, source: str, reading: str) -> dict[str, np.ndarray]:
    """Outliers of a scheme on a test set in every resample, each of shape (1 + resamples,).

    Counts are means over seeds, to as many pairs as there are: a resample of conversations can hold
    more or fewer. Means are those of the outliers of all seeds together, since a
    reward model may have none: ``<side>_mean`` in units of the reward, ``<side>_mean_sd`` in
    standard deviations of the reward model's margins. ``share`` is that of all outliers among the
    pairs, in percent.
    """
    own = draws.source == source
    each, counts = margin[:, None, own], draws.pairs[:, own]
    beyond = outliers(each, reading, weights=counts)
    first, second = (mean(each**power, counts) for power in (1, 2))
    deviation = np.sqrt(second - first**2)

    def over_seeds(values: np.ndarray) -> np.ndarray:
        return np.vecdot(values.T, draws.seeds)

    found = {}
    for side in SIDES:
        count, average = (getattr(beyond, f"{side}_{part}") for part in ("count", "mean"))
        found[f"{side}_count"] = over_seeds(count) * own.sum() / counts.sum(axis=-1)
        for name, unit in (("mean", np.ones_like(deviation)), ("mean_sd", deviation)):
            total = over_seeds(count * np.nan_to_num(average) / unit)
            found[f"{side}_{name}"] = ratio(total, over_seeds(count))
    both = sum(found[f"{side}_count"] for side in SIDES)
    return found | {"share": 100 * both / counts.sum(axis=-1)}


def all_extremes(mixtures: Mixtures, draws: Draws) -> pd.DataFrame:
    """:func:`extremes` of the paper's three schemes in both readings."""
    rows = {}
    for base in mixtures.bases:
        for scheme in SCHEMES:
            margin = mixtures.margin(scheme, base)
            for source in HH:
                for reading in READINGS:
                    found = extremes(draws, margin, source, reading)
                    key = (base, source, scheme, reading)
                    rows |= {(*key, name): row for name, row in found.items()}
    return frame(rows, "outliers")


def factor(margin: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Factor 1/T on the margins at which the log loss is smallest, as a metric for `Draws`.

    Fitted on the pairs as they are; from there one Newton step to each resample.
    """
    fitted = inverse_temperature(margin)[..., None]
    doubt = expit(-fitted * margin)
    slope = np.vecdot(counts, margin * doubt)
    curvature = np.vecdot(counts, margin**2 * doubt * (1 - doubt))
    return np.maximum(fitted[..., 0] + ratio(slope, curvature), 0)


def factors(mixtures: Mixtures, draws: Draws) -> pd.DataFrame:
    """:func:`factor` of each scheme: over all sources, for Top on each source."""
    rows = {}
    for base in mixtures.bases:
        for source in mixtures.sources:
            rows[base, source, TOP] = draws.evaluate(factor, mixtures.margin(TOP, base), source)
        for scheme in (MULTITASK, MORE):
            margin = mixtures.margin(scheme, base)
            each = np.array([factor(row[None], draws.pairs) for row in margin])
            rows[base, ALL, scheme] = np.vecdot(each.T, draws.seeds)
    return frame(rows, "factors")
