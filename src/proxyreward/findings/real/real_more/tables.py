"""Does MORE help on real pairs? Every scheme, MORE against MultiTask, and who understands whom.

In: replicates of margins of held-out real pairs. Out: small tables with intervals. Called by the
notebook `real_more`; as elsewhere a difference is taken resample by resample.
"""

from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import (
    FORMS,
    PAPER_FORM,
    STANDARD,
    Draws,
    Mixtures,
    interval,
)
from proxyreward.findings.more.more_conflict.transfer import Transfer, models
from proxyreward.findings.more.more_schemes.schemes import Schemes, metric_interval
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import MORE, MULTITASK, RAW, TOP

SCHEMES = (RAW, TOP, MULTITASK, MORE)
MEAN = "mean"
# What MORE and MultiTask are compared by. An ECE goes by the name of its form.
MEASURES = {
    "accuracy": "Accuracy, points",
    STANDARD: "ECE, standard form",
    PAPER_FORM: "ECE, the paper's form",
    "log_loss": "Log loss, nats",
    "brier": "Brier score",
    "size": "Mean |reward difference|",
}
UNITS = {"accuracy": 100}
_INTERVAL = list(Interval._fields)


def values(schemes: Schemes, form: str = STANDARD) -> pd.DataFrame:
    """Accuracy and ECE of every scheme: scheme, source, measure, estimate, low, high.

    Parameters
    ----------
    schemes : Schemes
    form : str
        Of the ECE, a key of `FORMS`.
    """
    rows = [
        (scheme, source, measure, *metric_interval(metric, _value(schemes, metric, scheme, source)))
        for scheme, source in product(SCHEMES, _rows(schemes))
        for measure, metric in (("accuracy", "accuracy"), ("ece", form))
    ]
    return pd.DataFrame(rows, columns=["scheme", "source", "measure", *_INTERVAL])


def differences(schemes: Schemes) -> pd.DataFrame:
    """MORE minus MultiTask in each of `MEASURES`: source, measure, scaled, estimate, low, high.

    `scaled` tells whether each reward model had its one temperature fitted on other pairs. That
    leaves its accuracy alone and takes the size of its rewards out of the other measures.
    """
    rows = []
    for source, measure, scaled in product(_rows(schemes), MEASURES, (False, True)):
        rows.append((source, measure, scaled, *_difference(schemes, measure, source, scaled)))
    return pd.DataFrame(rows, columns=["source", "measure", "scaled", *_INTERVAL])


def forms(schemes: Schemes) -> pd.DataFrame:
    """ECE of MORE minus MultiTask, mean over sources, in each of `FORMS`: form, scaled, estimate,
    low, high."""
    rows = [
        (form, scaled, *_difference(schemes, form, MEAN, scaled))
        for form, scaled in product(FORMS, (False, True))
    ]
    return pd.DataFrame(rows, columns=["form", "scaled", *_INTERVAL])


def transfer(mixtures: Mixtures, draws: Draws) -> pd.DataFrame:
    """Accuracy of the untrained and each one-source reward model on every source.

    Returns
    -------
    DataFrame
        trained (``raw`` or a source), tested; estimate, low, high of the accuracy; loss, loss_low,
        loss_high of the accuracy less that of the model trained on the tested source.
    """
    found = Transfer.of(mixtures, draws, mixtures.middle)
    rows = [
        (trained, tested, *interval(found.accuracy[:, m, d]), *interval(found.loss[:, m, d]))
        for (m, trained), (d, tested) in product(
            enumerate(models(mixtures)), enumerate(mixtures.sources)
        )
    ]
    columns = ["trained", "tested", *_INTERVAL, "loss", "loss_low", "loss_high"]
    return pd.DataFrame(rows, columns=columns)


def foreign(transfer: pd.DataFrame) -> pd.DataFrame:
    """Rows of :func:`transfer` of a model trained on one source and tested on another."""
    return transfer[(transfer["trained"] != RAW) & (transfer["trained"] != transfer["tested"])]


def weights(mixtures: Mixtures) -> pd.DataFrame:
    """The weights that MORE gave its sources.

    Returns
    -------
    DataFrame
        source; mean_weight, over the steps of all trainings; lowest and highest, the mean of one
        training, of which there is one a seed and fold; zero, the share of steps without weight.
    """
    steps, columns = _weighted(mixtures)
    each = steps.groupby(["rm", "training"])[columns].mean()
    found = pd.DataFrame(
        {
            "mean_weight": steps[columns].mean(),
            "lowest": each.min(),
            "highest": each.max(),
            "zero": (steps[columns] < 1e-6).mean(),
        }
    )
    found.insert(0, "source", mixtures.sources)
    return found.reset_index(drop=True)


def weight_course(mixtures: Mixtures) -> pd.DataFrame:
    """Mean weight of each source at every step, over trainings: index step, a column a source."""
    steps, columns = _weighted(mixtures)
    return steps.groupby("step")[columns].mean().set_axis(list(mixtures.sources), axis=1)


def trainings(mixtures: Mixtures) -> int:
    """How often MORE was trained: once for each seed and fold."""
    steps, _ = _weighted(mixtures)
    return len(steps[["rm", "training"]].drop_duplicates())


def summary(differences: pd.DataFrame, source: str = MEAN) -> pd.DataFrame:
    """The differences on one source, or in the mean, as text: measure, value, meaning."""
    rows = differences[differences["source"] == source]
    rows = rows[~(rows["scaled"] & (rows["measure"] == "accuracy"))]
    found = []
    for row in rows.itertuples():
        cell = _signed(row.estimate, row.low, row.high, UNITS.get(row.measure, 1))
        label = MEASURES[row.measure] + (", one temperature" if row.scaled else "")
        found.append((label, cell, meaning(row.measure, row.low, row.high)))
    return pd.DataFrame(found, columns=["measure", "MORE minus MultiTask", "these pairs say"])


def form_table(forms: pd.DataFrame) -> pd.DataFrame:
    """The differences of :func:`forms` as text: bins, orders, as trained, one temperature."""
    known = {STANDARD: " (standard)", PAPER_FORM: " (the paper's)"}
    rows = []
    for form, own in forms.groupby("form", sort=False):
        bins, binning, orientation = FORMS[form].values()
        orders = "both" if orientation == "both" else "one"
        cells = [_signed(*row) for row in own.sort_values("scaled")[_INTERVAL].to_numpy(float)]
        rows.append((f"{bins} of equal {binning}{known.get(form, '')}", orders, *cells))
    return pd.DataFrame(rows, columns=["bins", "orders", "as trained", "one temperature"])


def meaning(measure: str, low: float, high: float) -> str:
    """What an interval of MORE minus MultiTask says.

    >>> meaning("accuracy", 0.01, 0.03), meaning("log_loss", 0.01, 0.03), meaning("size", -1, 1)
    ('MORE better', 'MORE worse', 'cannot tell')
    """
    if low <= 0 <= high:
        return "cannot tell"
    if measure == "size":
        return "MORE larger" if low > 0 else "MORE smaller"
    return "MORE better" if (low > 0) == (measure == "accuracy") else "MORE worse"


def value_table(values: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Text cells of one measure, a row for each source; accuracies in percent."""
    rows = values[values["measure"] == measure]
    unit, form = (100, ".1f") if measure == "accuracy" else (1, ".3f")
    cells = [with_interval(*(unit * row), form) for row in rows[_INTERVAL].to_numpy(float)]
    named = rows.assign(cell=cells, scheme=rows["scheme"].map(SCHEME_NAMES))
    return _wide(named, "source", "scheme")


def transfer_table(transfer: pd.DataFrame) -> pd.DataFrame:
    """Text cells of accuracies in percent, a row for each model."""
    cells = [with_interval(*(100 * row), ".0f") for row in transfer[_INTERVAL].to_numpy(float)]
    named = transfer.assign(cell=cells, trained=transfer["trained"].replace(SCHEME_NAMES))
    return _wide(named, "trained", "tested").rename(columns={"trained": "trained on"})


def _signed(estimate: float, low: float, high: float, unit: float = 1) -> str:
    form = "+.1f" if unit == 100 else "+.3f"
    return with_interval(unit * estimate, unit * low, unit * high, form).replace("-", "−")


def _wide(named: pd.DataFrame, index: str, columns: str) -> pd.DataFrame:
    wide = named.pivot(index=index, columns=columns, values="cell")
    wide = wide.loc[named[index].unique(), named[columns].unique()]
    return wide.rename_axis(columns=None).reset_index()


def _rows(schemes: Schemes) -> tuple[str, ...]:
    return (*schemes.sources, MEAN)


def _value(
    schemes: Schemes, metric: str, scheme: str, source: str, scaled: bool = False
) -> np.ndarray:
    over = schemes.sources if source == MEAN else (source,)
    return schemes.value(metric, scheme, schemes.mixtures.middle, over, scaled)


def _difference(schemes: Schemes, metric: str, source: str, scaled: bool) -> Interval:
    more, plain = (_value(schemes, metric, name, source, scaled) for name in (MORE, MULTITASK))
    return metric_interval(metric, more - plain)


def _weighted(mixtures: Mixtures) -> tuple[pd.DataFrame, list[str]]:
    """Steps of MORE with the number of the training of a model, and the columns of weights."""
    steps = mixtures.steps[mixtures.steps["rm"].isin(mixtures.names(MORE))]
    training = steps.groupby("rm")["step"].transform(lambda step: (step == step.iloc[0]).cumsum())
    return steps.assign(training=training), [f"weight_{i}" for i in range(len(mixtures.sources))]
